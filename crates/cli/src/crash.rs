//! What a crash leaves behind: the place in our source, and nothing of anybody.
//!
//! Memory holds the list, the notices and the relay's password. So no core dump is written, and a panic says
//! where it was, never what it was about.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::{
    io::{self, Write as _},
    panic::{self, Location, PanicHookInfo},
    sync::Arc,
};

/// Sees to it that neither a panic nor a signal leaves anything of anybody.
pub fn leave_nothing() {
    dump_nothing();
    outlive_a_file_that_may_not_grow();
    panic::set_hook(Box::new(|info| {
        let _ = io::stderr().lock().write_all(words(info).as_bytes());
    }));
}

/// Forbids core dumps. Where the system refuses, there is nothing better to do.
fn dump_nothing() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // The limit does not hold a dump that Linux gives to a program (core(5), "Piping core dumps to a program").
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Makes a write beyond the limit on a file's size (setrlimit(2), `RLIMIT_FSIZE`) a failed write, which says what it
/// hit, and no signal, which would kill the run with its offers open.
fn outlive_a_file_that_may_not_grow() {
    let too_large = rustix::process::Signal::XFSZ.as_raw();
    // Nobody reads the flag: the failed write speaks. Where the system refuses, there is nothing better to do.
    let _ = signal_hook::flag::register(too_large, Arc::default());
}

/// Returns what is said of a panic. Its own words may quote a row, a reply or a path, and are left out.
fn words(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), Location::to_string);
    format!(
        "error: forthwith has a bug and panicked at {place} (what it was about may be personal data, and is left \
         out)\n  next: what was recorded stands: `forthwith status INCIDENT` shows it; please report the place\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getrlimit;
    use std::sync::{Arc, Mutex};

    #[test]
    fn no_memory_is_dumped() {
        dump_nothing();
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
        #[cfg(target_os = "linux")]
        assert_eq!(rustix::process::dumpable_behavior().ok(), Some(rustix::process::DumpableBehavior::NotDumpable));
    }

    #[test]
    fn a_panic_says_where_and_not_what() {
        let said = Arc::new(Mutex::new(String::new()));
        let (kept, ours) = (Arc::clone(&said), std::thread::current().id());
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == ours {
                kept.lock().unwrap().push_str(&words(info));
            } else {
                before(info);
            }
        }));
        let address = "ada@people.example";
        let line = line!() + 1;
        let caught = panic::catch_unwind(|| panic!("row 7 of {address} cannot be {:?}", vec![address]));
        assert!(caught.is_err());
        let said = said.lock().unwrap();
        assert!(said.contains(&format!("crash.rs:{line}:")), "{said}");
        assert!(!said.contains("ada"), "{said}");
    }
}
