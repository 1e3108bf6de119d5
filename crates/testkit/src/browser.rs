//! Drives a headless Chromium: opens a page from the disk, says what the page asked for and complained of, evaluates
//! a script in it, prints it.
//!
//! It speaks the `DevTools` protocol over a pipe: no port is opened, and no driver is needed. It judges nothing.

use crate::tools;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};
use tempfile::TempDir;

/// The longest that one answer of the browser is waited for: a long page is looked at on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);
/// Messages of the browser that one answer may be hidden behind: a page of ours has a handful of events.
const MESSAGES_MAX: usize = 20_000;
/// What keeps Chromium from doing anything but showing the page that it is given.
const QUIET: [&str; 9] = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
];
/// The pipe: standard input and output become the descriptors 3 and 4, on which Chromium speaks.
const SHELL: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// A browser with one page.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    sent: u64,
    seen: Vec<Value>,
    _profile: TempDir,
}

/// What happened while a page was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Everything on the console: errors, warnings, what its policy refused.
    pub complaints: Vec<String>,
    /// Every address that was asked for beside the page itself.
    pub requests: Vec<String>,
}

/// A paper to print on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// 210 by 297 mm.
    A4,
    /// 8.5 by 11 inches.
    Letter,
}

impl Browser {
    /// Starts the Chromium at `program`.
    pub fn start(program: &Path) -> io::Result<Self> {
        let profile = TempDir::new()?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SHELL]).arg(program).args(QUIET).arg("--remote-debugging-pipe");
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        if tools::is_root() {
            command.arg("--no-sandbox");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let input = child.stdin.take().ok_or_else(|| io::Error::other("no pipe to the browser"))?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no pipe from the browser"))?;
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let (session, seen) = (String::new(), Vec::new());
        let mut browser = Self { child, input, messages, session, sent: 0, seen, _profile: profile };
        browser.attach()?;
        Ok(browser)
    }

    fn attach(&mut self) -> io::Result<()> {
        let target = self.ask("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.ask("Target.attachToTarget", &attach)?;
        attached["sessionId"].as_str().unwrap_or_default().clone_into(&mut self.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.ask(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(())
    }

    /// Opens a file, and waits until it is loaded.
    pub fn open(&mut self, path: &Path) -> io::Result<Visit> {
        let url = format!("file://{}", path.display());
        self.seen.clear();
        let opened = self.ask("Page.navigate", &json!({ "url": url }))?;
        if let Some(why) = opened["errorText"].as_str() {
            return Err(io::Error::other(format!("{url}: {why}")));
        }
        while !self.seen.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.next()?;
        }
        // What was begun when the page was loaded is seen before the answer to this.
        self.evaluate("1")?;
        Ok(visit(&self.seen, &url))
    }

    /// Returns what a script evaluates to in the page; a promise is waited for. It is ours, not the page's: no policy
    /// of the page holds for it.
    pub fn evaluate(&mut self, script: &str) -> io::Result<Value> {
        let ask = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let evaluated = self.ask("Runtime.evaluate", &ask)?;
        if !evaluated["exceptionDetails"].is_null() {
            return Err(io::Error::other(evaluated["exceptionDetails"].to_string()));
        }
        Ok(evaluated["result"]["value"].clone())
    }

    /// Makes the window so many pixels wide, as on a phone or a computer.
    pub fn resize(&mut self, width: u32, height: u32) -> io::Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", &size).map(|_| ())
    }

    /// Prints the page as PDF.
    pub fn print(&mut self, paper: Paper) -> io::Result<Vec<u8>> {
        let (width, height) = match paper {
            Paper::A4 => (210.0 / 25.4, 297.0 / 25.4),
            Paper::Letter => (8.5, 11.0),
        };
        let ask = json!({ "paperWidth": width, "paperHeight": height, "printBackground": true });
        let printed = self.ask("Page.printToPDF", &ask)?;
        decoded(&printed["data"])
    }

    /// Returns a picture of the whole page as PNG.
    pub fn picture(&mut self) -> io::Result<Vec<u8>> {
        let taken = self.ask("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }))?;
        decoded(&taken["data"])
    }

    /// Sends a command and returns its result. Events that come before it are kept.
    fn ask(&mut self, method: &str, parameters: &Value) -> io::Result<Value> {
        self.sent += 1;
        let id = self.sent;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.input.write_all(message.to_string().as_bytes())?;
        self.input.write_all(&[0])?;
        self.input.flush()?;
        for _ in 0..MESSAGES_MAX {
            let answer = self.next()?;
            if answer["id"] == id {
                if let Some(why) = answer["error"]["message"].as_str() {
                    return Err(io::Error::other(format!("{method}: {why}")));
                }
                return Ok(answer["result"].clone());
            }
        }
        Err(io::Error::other(format!("{method}: no answer among {MESSAGES_MAX} messages")))
    }

    fn next(&mut self) -> io::Result<Value> {
        let silent = |_| io::Error::new(io::ErrorKind::TimedOut, "the browser says nothing, or has ended");
        let message = self.messages.recv_timeout(PATIENCE).map_err(silent)?;
        if message["id"].is_null() {
            self.seen.push(message.clone());
        }
        Ok(message)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns Chromium, or `None` after saying that a test is skipped.
///
/// # Panics
///
/// Where it is absent and tests may not be skipped.
pub fn require() -> Option<PathBuf> {
    tools::require("chromium")
}

fn visit(events: &[Value], url: &str) -> Visit {
    let mut visit = Visit::default();
    for event in events {
        let what = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" => visit.complaints.push(what["args"].to_string()),
            "Runtime.exceptionThrown" => visit.complaints.push(what["exceptionDetails"].to_string()),
            "Log.entryAdded" => visit.complaints.push(what["entry"]["text"].to_string()),
            "Network.requestWillBeSent" => {
                let asked = what["request"]["url"].as_str().unwrap_or_default();
                // A frame whose page stands in the page itself asks for nothing.
                if asked != url && asked != "about:srcdoc" {
                    visit.requests.push(asked.to_owned());
                }
            }
            _ => {}
        }
    }
    visit
}

fn decoded(data: &Value) -> io::Result<Vec<u8>> {
    BASE64_STANDARD.decode(data.as_str().unwrap_or_default()).map_err(io::Error::other)
}

/// Returns how many pages a PDF of Chromium's has.
pub fn pages_of(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.match_indices("/Type /Page").filter(|(at, found)| !text[at + found.len()..].starts_with('s')).count()
}
