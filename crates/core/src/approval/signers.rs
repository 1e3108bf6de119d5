//! Who may release a plan, in the form of OpenSSH's allowed signers (ssh-keygen(1), ALLOWED SIGNERS).
//!
//! `ssh-keygen -Y verify` reads the same lines. A principal is one person's name; one that begins with `role:` is a
//! role of theirs. What the form allows and a release does not need is refused: patterns of names, certificates,
//! times without a zone.

use crate::finding::{Finding, Place};
use jiff::{Timestamp, civil, tz::TimeZone};
use ssh_key::{Algorithm, HashAlg, PublicKey, public::KeyData};
use std::{collections::BTreeSet, fmt, ops::Range};

/// The namespace of a release (PROTOCOL.sshsig): a signature made for anything else is none.
pub const NAMESPACE: &str = "forthwith-approval@v1";
/// What begins a principal that is a role.
const ROLE_PREFIX: &str = "role:";
/// Octets of a line: a key of 16,384 bits has 2,800, the rest is names.
const LINE_OCTETS_MAX: usize = 16 * 1_024;
/// Lines: more signers than any organisation has for one incident.
pub const SIGNERS_MAX: usize = 100;
/// Bits of an RSA key: NIST SP 800-131A Rev. 2 allows no fewer.
const RSA_BITS_MIN: usize = 2_048;
/// Characters of a role: a word or two.
const ROLE_CHARACTERS_MAX: usize = 32;

/// Somebody who may release a plan, by one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The names of the person, as they are written; two lines that share one are the same person.
    pub names: Vec<String>,
    /// What they sign as: `counsel`.
    pub roles: BTreeSet<String>,
    /// The key.
    pub key: SignerKey,
    /// From when on the key counts.
    pub valid_after: Option<Timestamp>,
    /// Until when the key counts.
    pub valid_before: Option<Timestamp>,
    /// The line, as `ssh-keygen -Y verify` reads it.
    pub line: String,
    namespaces: Option<String>,
}

/// A public key of one of the kinds that can release a plan.
#[derive(Clone, PartialEq, Eq)]
pub struct SignerKey(pub(super) KeyData);

impl SignerKey {
    /// Returns the fingerprint, as `ssh-keygen -l` shows it: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

impl Signer {
    /// Returns the name that stands for the person: the first.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Returns whether the line lets its key sign in `namespace`.
    pub fn may_sign_in(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|list| is_in_pattern_list(namespace, list))
    }
}

/// Returns a name as it is compared: in lower case, with single spaces.
pub fn name_key(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns whether two lists of names name the same person.
pub fn is_same_person(a: &[String], b: &[String]) -> bool {
    a.iter().any(|a| b.iter().any(|b| name_key(a) == name_key(b)))
}

/// Returns whether `role` is a role's name: `a-z 0-9 -`, at most 32 characters.
pub fn is_role(role: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=ROLE_CHARACTERS_MAX).contains(&role.len()) && role.bytes().all(is_plain)
}

/// Why a line of signers is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRefused {
    /// A fixed name for programs.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

fn refused(code: &'static str, message: impl Into<String>, hint: &'static str) -> LineRefused {
    LineRefused { code, message: message.into(), hint }
}

/// Reads a file of signers that is kept outside the incident folder: a line each, blank ones and comments between.
///
/// Returns every signer and every finding; with a finding that refuses, the file is not to be used.
pub fn read_signers(file: &str, bytes: &[u8]) -> (Vec<Signer>, Vec<Finding>) {
    let whole = |code, message: &str| vec![Finding::refused(code, Place::file(file), message)];
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (Vec::new(), whole("not-utf8", "the file of signers is not UTF-8"));
    };
    let (mut signers, mut findings) = (Vec::<Signer>::new(), Vec::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let span = start..start + line.trim_end().len();
        start += line.len();
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if signers.len() == SIGNERS_MAX {
            findings.extend(whole("too-many", "a file of signers has at most 100 lines"));
            break;
        }
        let read = read_signer(line.trim()).and_then(|signer| unlike(&signers, &signer).map(|()| signer));
        match read {
            Ok(signer) => signers.push(signer),
            Err(refused) => findings.push(finding(file, span, refused)),
        }
    }
    if signers.is_empty() && findings.is_empty() {
        findings = whole("empty-value", "the file of signers names nobody");
    }
    (signers, findings)
}

fn finding(file: &str, span: Range<usize>, refused: LineRefused) -> Finding {
    Finding::refused(refused.code, Place::span(file, span), refused.message).hint(refused.hint)
}

/// Refuses a key that a line before has: whose it is must be plain.
pub fn unlike(signers: &[Signer], signer: &Signer) -> Result<(), LineRefused> {
    match signers.iter().find(|before| before.key == signer.key) {
        None => Ok(()),
        Some(before) => Err(refused(
            "signer-twice",
            format!("the key is {}'s already, by an earlier line", before.name()),
            "give one person one line for each key, with all names and roles in it",
        )),
    }
}

/// Reads one line: `principals [options] keytype base64 [comment]`.
pub fn read_signer(line: &str) -> Result<Signer, LineRefused> {
    if line.len() > LINE_OCTETS_MAX {
        return Err(refused("too-long", "the line is too long for a signer", "one key a line"));
    }
    let (principals, rest) = first_field(line)?;
    let (names, roles) = read_principals(principals)?;
    let (options, key) = if is_key_type(rest) { ("", rest) } else { split_options(rest)? };
    let options = read_options(options)?;
    let key = read_key(key)?;
    let Options { namespaces, valid_after, valid_before } = options;
    Ok(Signer { names, roles, key, valid_after, valid_before, line: line.to_owned(), namespaces })
}

const FORM: &str = "write ada@example.org,role:counsel ssh-ed25519 AAAA…";

/// Splits off the principals, which may stand in quotes.
fn first_field(line: &str) -> Result<(&str, &str), LineRefused> {
    let split = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => line.split_once([' ', '\t']),
    };
    let (field, rest) = split.ok_or_else(|| refused("signer-line", "the line has no key", FORM))?;
    let rest = rest.trim();
    if rest.is_empty() {
        return Err(refused("signer-line", "the line has no key", FORM));
    }
    Ok((field, rest))
}

fn read_principals(principals: &str) -> Result<(Vec<String>, BTreeSet<String>), LineRefused> {
    let (mut names, mut roles) = (Vec::new(), BTreeSet::new());
    for principal in principals.split(',').map(str::trim) {
        if let Some(role) = principal.strip_prefix(ROLE_PREFIX) {
            if !is_role(role) {
                let message = format!("`{role}` is no role: at most {ROLE_CHARACTERS_MAX} characters of a-z 0-9 -");
                return Err(refused("signer-role", message, FORM));
            }
            roles.insert(role.to_owned());
        } else if principal.is_empty() || principal.contains(['*', '?', '!', '"']) {
            let message = format!("`{principal}` is not one person's name: a pattern would let anybody sign");
            return Err(refused("signer-principal", message, FORM));
        } else if principal.chars().any(crate::address::is_unseen) {
            return Err(refused("signer-principal", "a name has characters that nobody can see", FORM));
        } else {
            names.push(principal.to_owned());
        }
    }
    if names.is_empty() {
        return Err(refused("signer-principal", "the line names roles and no person", FORM));
    }
    Ok((names, roles))
}

fn is_key_type(rest: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-"].iter().any(|prefix| rest.starts_with(prefix))
}

/// Splits at the first blank outside quotes.
fn split_options(rest: &str) -> Result<(&str, &str), LineRefused> {
    let mut is_quoted = false;
    let end = rest.find(|c: char| {
        is_quoted ^= c == '"';
        !is_quoted && (c == ' ' || c == '\t')
    });
    match end {
        Some(end) => Ok((&rest[..end], rest[end..].trim_start())),
        None => Err(refused("signer-line", "the line has no key behind its options", FORM)),
    }
}

#[derive(Default)]
struct Options {
    namespaces: Option<String>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

fn read_options(text: &str) -> Result<Options, LineRefused> {
    const HINT: &str = "known here: namespaces=\"…\", valid-after=\"20270131Z\", valid-before=\"20270131Z\"";
    let mut options = Options::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, more) = rest.split_at(rest.find([',', '=']).unwrap_or(rest.len()));
        let name = name.to_ascii_lowercase();
        if name == "cert-authority" {
            let message = "a certificate authority would let people sign whom nobody named";
            return Err(refused("signer-certificate", message, "name each person's own key"));
        }
        let quoted = more.strip_prefix("=\"").and_then(|more| more.split_once('"'));
        let Some((value, more)) = quoted else {
            return Err(refused("signer-option", format!("`{name}` is no option with a value in quotes"), HINT));
        };
        let twice = match name.as_str() {
            "namespaces" => options.namespaces.replace(value.to_owned()).is_some(),
            "valid-after" => options.valid_after.replace(read_time(value)?).is_some(),
            "valid-before" => options.valid_before.replace(read_time(value)?).is_some(),
            _ => {
                return Err(refused(
                    "signer-option",
                    format!("`{name}` is not an option that is known here"),
                    HINT,
                ));
            }
        };
        if twice {
            return Err(refused("signer-option", format!("`{name}` stands there twice"), HINT));
        }
        rest = match (more, more.strip_prefix(',')) {
            ("", _) => "",
            (_, Some(more)) if !more.is_empty() => more,
            _ => return Err(refused("signer-option", "options are separated by single commas", HINT)),
        };
    }
    if options.valid_after.zip(options.valid_before).is_some_and(|(after, before)| before <= after) {
        return Err(refused("dates-reversed", "the key's validity ends before it begins", HINT));
    }
    Ok(options)
}

/// Reads `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`.
fn read_time(text: &str) -> Result<Timestamp, LineRefused> {
    let wrong = || {
        let message = format!("`{text}` is no time in UTC");
        refused(
            "signer-time",
            message,
            "write 20270131Z or 20270131093000Z: without the Z it is another time elsewhere",
        )
    };
    let digits = text.strip_suffix(['Z', 'z']).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.filter(|digits| [8, 12, 14].contains(&digits.len())).ok_or_else(wrong)?;
    let number = |range: Range<usize>| digits.get(range).map_or(Ok(0), str::parse::<i8>).map_err(|_| wrong());
    let year = digits[..4].parse().map_err(|_| wrong())?;
    civil::DateTime::new(year, number(4..6)?, number(6..8)?, number(8..10)?, number(10..12)?, number(12..14)?, 0)
        .and_then(|at| TimeZone::UTC.to_timestamp(at))
        .map_err(|_| wrong())
}

fn read_key(text: &str) -> Result<SignerKey, LineRefused> {
    const HINT: &str = "copy the line of the .pub file whole: its type, and what stands behind it";
    let key = PublicKey::from_openssh(text)
        .map_err(|_| refused("signer-key", "what stands behind the names is no public key of OpenSSH", HINT))?;
    let is_known = matches!(
        key.algorithm(),
        Algorithm::Ed25519
            | Algorithm::Ecdsa { .. }
            | Algorithm::Rsa { .. }
            | Algorithm::SkEd25519
            | Algorithm::SkEcdsaSha2NistP256
    );
    if !is_known {
        let message = format!("a key of type {} cannot release a plan", key.algorithm());
        return Err(refused("signer-key", message, "take ed25519, ecdsa, rsa, or a hardware key of these"));
    }
    if key.key_data().rsa().is_some_and(|rsa| bits(rsa.n.as_positive_bytes().unwrap_or_default()) < RSA_BITS_MIN) {
        let message = format!("an RSA key of fewer than {RSA_BITS_MIN} bits can be forged");
        return Err(refused("signer-key", message, "take a new key: ssh-keygen -t ed25519"));
    }
    Ok(SignerKey(key.key_data().clone()))
}

fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// Returns whether `name` is in a list of patterns with `*`, `?` and `!` (`ssh_config(5)`, PATTERNS).
fn is_in_pattern_list(name: &str, list: &str) -> bool {
    let mut is_in = false;
    for pattern in list.split(',').map(str::trim) {
        match pattern.strip_prefix('!') {
            Some(excluded) if is_match(name.as_bytes(), excluded.as_bytes()) => return false,
            Some(_) => {}
            None => is_in |= is_match(name.as_bytes(), pattern.as_bytes()),
        }
    }
    is_in
}

/// Matches from left to right, and goes back to the last star alone: steps are bounded by both lengths multiplied.
fn is_match(name: &[u8], pattern: &[u8]) -> bool {
    let (mut n, mut p, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((n, p));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[n] => (n, p) = (n + 1, p + 1),
            _ => match star {
                Some((from, at)) => {
                    star = Some((from + 1, at));
                    (n, p) = (from + 1, at + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    #[test]
    fn a_line_is_names_roles_options_and_a_key() {
        let line = format!(
            "ada@firm.example,role:counsel,role:privacy \
             namespaces=\"git,forthwith-*\",valid-after=\"20270131Z\",VALID-BEFORE=\"20270201123005Z\" {KEY} Ada's own"
        );
        let signer = read_signer(&line).unwrap();
        assert_eq!((signer.name(), signer.names.len()), ("ada@firm.example", 1));
        assert_eq!(signer.roles.iter().collect::<Vec<_>>(), ["counsel", "privacy"]);
        assert_eq!(signer.valid_after, Some("2027-01-31T00:00:00Z".parse().unwrap()));
        assert_eq!(signer.valid_before, Some("2027-02-01T12:30:05Z".parse().unwrap()));
        assert!(signer.may_sign_in(NAMESPACE) && signer.may_sign_in("git") && !signer.may_sign_in("file"));
        assert_eq!(signer.key.fingerprint(), "SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ");
        assert_eq!(signer.line, line);
        let quoted = read_signer(&format!("\"ada@firm.example,Ada Ash\" {KEY}")).unwrap();
        assert_eq!(quoted.names, ["ada@firm.example", "Ada Ash"]);
        assert!(quoted.roles.is_empty() && quoted.may_sign_in("anything"));
    }

    #[test]
    fn every_slip_in_a_line_says_what_it_is() {
        for (line, code) in [
            ("ada@firm.example".to_owned(), "signer-line"),
            (String::new(), "signer-line"),
            (format!("\"ada@firm.example {KEY}"), "signer-line"),
            (format!("*@firm.example {KEY}"), "signer-principal"),
            (format!("!ada,bo {KEY}"), "signer-principal"),
            (format!("ada,,bo {KEY}"), "signer-principal"),
            (format!("ad\u{202e}a {KEY}"), "signer-principal"),
            (format!("role:counsel {KEY}"), "signer-principal"),
            (format!("ada,role:General-Counsel {KEY}"), "signer-role"),
            (format!("ada cert-authority {KEY}"), "signer-certificate"),
            (format!("ada namespaces=\"git\",cert-authority {KEY}"), "signer-certificate"),
            (format!("ada no-touch-required {KEY}"), "signer-option"),
            (format!("ada from=\"10.0.0.1\" {KEY}"), "signer-option"),
            (format!("ada namespaces=git {KEY}"), "signer-option"),
            (format!("ada namespaces=\"a\",namespaces=\"b\" {KEY}"), "signer-option"),
            (format!("ada namespaces=\"a\", {KEY}"), "signer-option"),
            (format!("ada valid-before=\"20270131\" {KEY}"), "signer-time"),
            (format!("ada valid-before=\"20271331Z\" {KEY}"), "signer-time"),
            (format!("ada valid-before=\"2027013124Z\" {KEY}"), "signer-time"),
            (format!("ada valid-after=\"20270131Z\",valid-before=\"20270131Z\" {KEY}"), "dates-reversed"),
            ("ada ssh-ed25519 AAAA".to_owned(), "signer-key"),
            (format!("ada {}", KEY.replace("ssh-ed25519", "ssh-rsa")), "signer-key"),
            (format!("ada {}", "x".repeat(LINE_OCTETS_MAX)), "too-long"),
        ] {
            let refused = read_signer(&line).expect_err(&line);
            assert_eq!(refused.code, code, "{line}: {}", refused.message);
        }
    }

    #[test]
    fn a_file_is_lines_with_comments_between_and_shows_each_finding_at_its_line() {
        let other = KEY.replace("LM+rvN+", "LM+rvN/");
        let text = format!("# people\n\nada,role:counsel {KEY}\r\n  bo,role:privacy {other} bo's\n");
        let (signers, findings) = read_signers("signers", text.as_bytes());
        assert_eq!((signers.len(), findings.len()), (2, 0), "{findings:?}");
        assert_eq!(signers[1].name(), "bo");
        let text = format!("ada {KEY}\nbo {KEY}\n* {other}\n");
        let (signers, findings) = read_signers("signers", text.as_bytes());
        assert_eq!(signers.len(), 1);
        let places: Vec<_> = findings.iter().map(|f| (f.code, &text[f.place.span.clone().unwrap()])).collect();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(places, [("signer-twice", lines[1]), ("signer-principal", lines[2])]);
        for (bytes, code) in [(b"# nobody\n".as_slice(), "empty-value"), (b"\xff", "not-utf8")] {
            assert_eq!(read_signers("signers", bytes).1[0].code, code);
        }
    }

    #[test]
    fn patterns_are_those_of_openssh() {
        for (list, is_in) in [
            ("forthwith-approval@v1", true),
            ("forthwith*", true),
            ("*@v?", true),
            ("*", true),
            ("a*b*c", false),
            ("git", false),
            ("", false),
            ("*,!forthwith*", false),
            ("!git,*approval*", true),
            ("!git", false),
        ] {
            assert_eq!(is_in_pattern_list(NAMESPACE, list), is_in, "{list}");
        }
    }

    #[test]
    fn one_person_is_known_by_any_name() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(is_same_person(&names(&["ada@x.example", "Ada  Ash"]), &names(&["ada ash"])));
        assert!(!is_same_person(&names(&["ada"]), &names(&["ada@x.example"])));
    }
}
