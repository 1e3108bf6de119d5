//! `forthwith man`.

use crate::{commands, harness::run};

#[test]
fn the_page_names_every_command_and_exit_code() {
    let page = run(&["man"]).exits(0).stdout;
    assert!(page.contains(".TH forthwith 1"), "{page}");
    for command in commands::all() {
        let roff = command.replace('-', "\\-");
        assert!(page.contains(&format!("forthwith\\-{roff}(1)")), "{command} is not in {page}");
    }
    assert!(page.contains("Exit codes: 0 done"), "{page}");
}
