//! Who we are to the relay: AUTH PLAIN (RFC 4616) and AUTH LOGIN.
//!
//! It makes the lines; the dialer sends them, and only over TLS or on loopback.

use crate::extensions::Extensions;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use forthwith_core::private::Private;

/// A user name and its password. Neither is shown by `Debug`.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: Private<String>,
    pub(crate) password: Private<String>,
}

impl Credentials {
    /// Returns the lines to send, each after a positive reply to the one before, or `None` where the relay
    /// offers neither way. A NUL in either would change their meaning, and is refused too.
    pub(crate) fn lines(&self, offers: Extensions) -> Option<Vec<String>> {
        let (user, password) = (self.user.expose(), self.password.expose());
        if user.contains('\0') || password.contains('\0') {
            return None;
        }
        if offers.auth_plain {
            let response = STANDARD.encode(format!("\0{user}\0{password}"));
            return Some(vec![format!("AUTH PLAIN {response}\r\n")]);
        }
        let encoded = |text: &str| format!("{}\r\n", STANDARD.encode(text));
        offers.auth_login.then(|| vec!["AUTH LOGIN\r\n".to_owned(), encoded(user), encoded(password)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_preferred_and_login_is_known() {
        let credentials = Credentials {
            user: Private::new("tim".to_owned()),
            password: Private::new("tanstaaftanstaaf".to_owned()),
        };
        let plain = Extensions { auth_plain: true, auth_login: true, ..Extensions::default() };
        // The example of RFC 4616 section 4.
        let expected = vec!["AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n".to_owned()];
        assert_eq!(credentials.lines(plain), Some(expected));
        let login = Extensions { auth_login: true, ..Extensions::default() };
        assert_eq!(credentials.lines(login).unwrap()[1..], ["dGlt\r\n", "dGFuc3RhYWZ0YW5zdGFhZg==\r\n"]);
        assert_eq!(credentials.lines(Extensions::default()), None);
        assert!(!format!("{credentials:?}").contains("tan"));
    }
}
