//! The dialogue of a scripted relay: it asks the script at every place, and accepts where that says nothing.

use super::{Act, At, Moment, Protection, Received, SILENCE_MAX, Shared, line::Line, locked};
use std::{
    io,
    net::TcpStream,
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

/// How often a stalling relay looks whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What became of a line at one place.
enum On {
    /// It goes on; the first digits of what was said, 0 for none.
    Said(u16),
    /// It has ended.
    Over,
}

struct Talk<'a> {
    shared: &'a Shared,
    number: usize,
    mail: Option<String>,
    rcpt: Option<String>,
}

/// Speaks with one client until either leaves.
pub(super) fn talk(shared: &Shared, number: usize, socket: TcpStream) {
    let mut talk = Talk { shared, number, mail: None, rcpt: None };
    // A client that hangs up is an ordinary end here.
    let _ = Line::new(shared, number, socket).and_then(|line| talk.run(line));
    shared.talking.end();
}

impl Talk<'_> {
    fn run(&mut self, mut line: Line<'_>) -> io::Result<()> {
        if let On::Over = self.at(&mut line, At::Connect, "", &[], None)? {
            return Ok(());
        }
        if let Protection::Implicit(certificate) = &self.shared.script.protection {
            if let Some(octets) = &self.shared.script.misanswer {
                return line.misanswer(octets);
            }
            line = line.protect(certificate.config())?;
        }
        if let On::Over = self.at(&mut line, At::Greeting, "", &[], Some("220 relay.example ESMTP"))? {
            return Ok(());
        }
        let mut is_protected = false;
        while let Some(bytes) = line.read_line()? {
            let command = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            let verb = command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let on = match verb.as_str() {
                "EHLO" => self.ehlo(&mut line, &command, is_protected)?,
                "STARTTLS" => {
                    let on = self.at(&mut line, At::StartTls, &command, &[], Some("220 2.0.0 go on"))?;
                    let Protection::StartTls(certificate) = &self.shared.script.protection else { return Ok(()) };
                    if let On::Said(220) = on {
                        if let Some(octets) = &self.shared.script.misanswer {
                            return line.misanswer(octets);
                        }
                        line = line.protect(certificate.config())?;
                        is_protected = true;
                    }
                    on
                }
                "AUTH" => self.auth(&mut line, &command)?,
                "DATA" => self.data(&mut line, &command)?,
                _ => self.simple(&mut line, &verb, &command)?,
            };
            if matches!(on, On::Over) || verb == "QUIT" {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks the script, and does what it says, or says `default`.
    fn at(
        &self,
        line: &mut Line<'_>,
        at: At,
        command: &str,
        message: &[u8],
        default: Option<&str>,
    ) -> io::Result<On> {
        let times = self.shared.times[at as usize].fetch_add(1, SeqCst);
        let moment = Moment { at, line: self.number, times, command, message };
        match ((self.shared.script.decide)(&moment), default) {
            (Some(act), _) => self.act(line, act),
            (None, Some(text)) => self.act(line, Act::say(text)),
            (None, None) => Ok(On::Said(0)),
        }
    }

    fn act(&self, line: &mut Line<'_>, act: Act) -> io::Result<On> {
        match act {
            Act::Say(text) => {
                line.write(format!("{text}\r\n").as_bytes())?;
                Ok(On::Said(code_of(text.as_bytes())))
            }
            Act::Write(bytes) => {
                line.write(&bytes)?;
                Ok(On::Said(code_of(&bytes)))
            }
            Act::Trickle(bytes, pause) => {
                for byte in &bytes {
                    line.write(std::slice::from_ref(byte))?;
                    std::thread::sleep(pause.min(SILENCE_MAX));
                }
                Ok(On::Said(code_of(&bytes)))
            }
            Act::Wait(time) => {
                std::thread::sleep(time.min(SILENCE_MAX));
                Ok(On::Said(0))
            }
            Act::Close => {
                line.close();
                Ok(On::Over)
            }
            Act::Reset => line.reset().map(|()| On::Over),
            Act::Stall => {
                self.shared.talking.end();
                let start = Instant::now();
                while !self.shared.ended.load(SeqCst) && start.elapsed() < SILENCE_MAX {
                    std::thread::sleep(LOOK_AGAIN);
                }
                self.shared.talking.begin();
                Ok(On::Over)
            }
            Act::Several(acts) => {
                let mut said = 0;
                for act in acts {
                    match self.act(line, act)? {
                        On::Over => return Ok(On::Over),
                        On::Said(code) => said = if code == 0 { said } else { code },
                    }
                }
                Ok(On::Said(said))
            }
        }
    }

    fn ehlo(&mut self, line: &mut Line<'_>, command: &str, is_protected: bool) -> io::Result<On> {
        (self.mail, self.rcpt) = (None, None);
        let mut lines = vec!["relay.example".to_owned()];
        lines.extend(self.shared.script.extensions.iter().cloned());
        if matches!(self.shared.script.protection, Protection::StartTls(_)) && !is_protected {
            lines.push("STARTTLS".to_owned());
        }
        let last = lines.len() - 1;
        let lines: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(index, text)| format!("250{}{text}", if index < last { '-' } else { ' ' }))
            .collect();
        self.at(line, At::Ehlo, command, &[], Some(&lines.join("\r\n")))
    }

    fn auth(&self, line: &mut Line<'_>, command: &str) -> io::Result<On> {
        let Some((user, password)) = &self.shared.script.login else {
            return self.at(line, At::Auth, command, &[], Some("503 5.5.1 no AUTH here"));
        };
        let (plain, user, password) = (base64(&format!("\0{user}\0{password}")), base64(user), base64(password));
        let mut is_right = command == format!("AUTH PLAIN {plain}");
        if command.eq_ignore_ascii_case("AUTH LOGIN") {
            is_right = true;
            for (challenge, expected) in [("334 VXNlcm5hbWU6", user), ("334 UGFzc3dvcmQ6", password)] {
                line.write(format!("{challenge}\r\n").as_bytes())?;
                let Some(bytes) = line.read_line()? else { return Ok(On::Over) };
                is_right &= String::from_utf8_lossy(&bytes).trim_end() == expected;
            }
        }
        let answer = if is_right { "235 2.7.0 welcome" } else { "535 5.7.8 no" };
        self.at(line, At::Auth, command, &[], Some(answer))
    }

    fn simple(&mut self, line: &mut Line<'_>, verb: &str, command: &str) -> io::Result<On> {
        let (at, default) = match verb {
            "MAIL" => (At::Mail, "250 2.1.0 ok"),
            "RCPT" if self.mail.is_some() => (At::Rcpt, "250 2.1.5 ok"),
            "RCPT" => (At::Rcpt, "503 5.5.1 MAIL first"),
            "RSET" => (At::Rset, "250 2.0.0 ok"),
            "QUIT" => (At::Quit, "221 2.0.0 bye"),
            _ => return self.act(line, Act::say("500 5.5.1 no such command")),
        };
        let on = self.at(line, at, command, &[], Some(default))?;
        let is_taken = matches!(on, On::Said(200..=299));
        match at {
            At::Mail => (self.mail, self.rcpt) = (is_taken.then(|| command.to_owned()), None),
            At::Rcpt => self.rcpt = is_taken.then(|| command.to_owned()),
            _ => (self.mail, self.rcpt) = (None, None),
        }
        Ok(on)
    }

    fn data(&mut self, line: &mut Line<'_>, command: &str) -> io::Result<On> {
        let default = if self.rcpt.is_some() { "354 go on" } else { "503 5.5.1 RCPT first" };
        match self.at(line, At::Data, command, &[], Some(default))? {
            On::Said(354) => {}
            other => return Ok(other),
        }
        let (mut message, mut is_first) = (Vec::new(), true);
        loop {
            let Some(bytes) = line.read_line()? else { return Ok(On::Over) };
            if std::mem::take(&mut is_first)
                && let On::Over = self.at(line, At::Content, "", &[], None)?
            {
                return Ok(On::Over);
            }
            if bytes == b".\r\n" {
                break;
            }
            message.extend_from_slice(bytes.strip_prefix(b".").unwrap_or(&bytes));
        }
        let (mail, rcpt) = (self.mail.take().unwrap_or_default(), self.rcpt.take().unwrap_or_default());
        let received = Received { line: self.number, mail, rcpt, message: message.clone() };
        locked(&self.shared.received).push(received);
        self.at(line, At::Dot, "", &message, Some("250 2.0.0 taken"))
    }
}

/// Returns the digits that `said` begins with, 0 for none.
fn code_of(said: &[u8]) -> u16 {
    let digits = said.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Returns `text` in base64 (RFC 4648 section 4): the relay checks logins without the code that it tests.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0)];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text), expected);
        }
    }
}
