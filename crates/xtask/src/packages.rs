//! Installs the Debian packages whose programs the tests drive, after saying which are missing.
//!
//! Postfix is installed without a configuration, so that no mail system starts on the machine: the tests bring
//! a folder of their own.

use anyhow::{Context as _, bail, ensure};
use forthwith_testkit::tools::{self, Tool};
use std::{
    collections::BTreeSet,
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
    process::{Command, Stdio},
};

/// The port of a mail system.
const SMTP_PORT: u16 = 25;
/// The answer to the one question that Postfix's package asks.
const POSTFIX_ANSWER: &[u8] = b"postfix postfix/main_mailer_type select No configuration\n";

/// Installs what is missing of these. Does nothing, and says so, where nothing is.
pub(crate) fn install_missing(wanted: &[Tool]) -> anyhow::Result<()> {
    let missing: Vec<&Tool> = wanted.iter().filter(|tool| tools::find(tool.program).is_none()).collect();
    if missing.is_empty() {
        println!("xtask: every program that the tests drive is installed");
        return Ok(());
    }
    for tool in &missing {
        println!("xtask: missing: {} ({}), in the Debian package {}", tool.program, tool.purpose, tool.package);
    }
    let packages: BTreeSet<&str> = missing.iter().map(|tool| tool.package).collect();
    let list = packages.iter().copied().collect::<Vec<_>>().join(" ");
    ensure!(tools::find("apt-get").is_some(), "this is no Debian: install these by hand: {list}");
    let how = if tools::is_root() { "as root" } else { "with sudo" };
    println!("xtask: installing with apt-get, {how}: {list}");
    let had_mail_system = listens_on_smtp();
    if packages.contains("postfix") {
        answer_postfix()?;
    }
    install(&packages)?;
    if !had_mail_system && listens_on_smtp() {
        println!("xtask: stopping the mail system that the package started");
        let _ = privileged("postfix").arg("stop").status();
    }
    let still: Vec<&str> =
        missing.iter().map(|tool| tool.program).filter(|program| tools::find(program).is_none()).collect();
    ensure!(still.is_empty(), "installed, yet still missing: {}", still.join(" "));
    Ok(())
}

fn install(packages: &BTreeSet<&str>) -> anyhow::Result<()> {
    let apt_get = |arguments: &[&str]| -> anyhow::Result<bool> {
        let mut command = privileged("env");
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]).args(arguments);
        Ok(command.status().context("cannot run apt-get")?.success())
    };
    let names: Vec<&str> = packages.iter().copied().collect();
    let install = [&["install", "--no-install-recommends"][..], &names].concat();
    if apt_get(&install)? {
        return Ok(());
    }
    // The lists of a fresh machine are empty or old.
    println!("xtask: that did not work; trying once more after apt-get update");
    if !apt_get(&["update"])? || !apt_get(&install)? {
        bail!("apt-get cannot install {}", names.join(" "));
    }
    Ok(())
}

/// Tells the package's question beforehand that Postfix is to have no configuration. Without one it starts
/// nothing.
fn answer_postfix() -> anyhow::Result<()> {
    let mut answers = privileged("debconf-set-selections").stdin(Stdio::piped()).spawn()?;
    answers.stdin.take().context("debconf-set-selections has no stdin")?.write_all(POSTFIX_ANSWER)?;
    ensure!(answers.wait()?.success(), "debconf-set-selections refused the answer for Postfix");
    Ok(())
}

fn privileged(program: &str) -> Command {
    if tools::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

fn listens_on_smtp() -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, SMTP_PORT)).is_ok()
}
