//! A disk that fails under a run: full, failing to sync, or read-only. The run stops, nothing leaves after it
//! but what was offered, and a later run goes on cleanly.
//!
//! A full and a read-only disk are a small tmpfs, which only root can mount; failing syncs are put in by strace.

use crate::proof_incident::{FORTHWITH, Incident, assert_exit, borrowed, incident, recorder};
use forthwith_testkit::{
    recorded::Recorded,
    strace::{self, Call, prove_order},
    tools,
};
use std::{collections::BTreeMap, fs, io::Write as _, path::Path, process::Command};

/// People in each incident.
const COUNT: usize = 60;
/// Which sync of a thread fails. The first is our own of the folder, or the log's; the third is the log's while the
/// ledger is opened; the later ones are the writer's, among offers and verdicts. (The second is `SQLite`'s of the
/// folder, whose end it ignores: that is why there is one of our own.)
const FAILING_SYNCS: [u32; 5] = [1, 3, 4, 7, 12];
/// What is left of the full disk when the run begins: enough for the ledger to open, too little for all offers.
const ROOM_OCTETS: u64 = 160 * 1024;

#[test]
fn the_first_sync_that_fails_is_final() {
    let (Some(strace), Some(program)) = (tools::require("strace"), tools::require("smtp-sink")) else { return };
    let mut handed_over = 0;
    for which in FAILING_SYNCS {
        let sink = recorder(&program, &[]);
        let incident = incident(61, COUNT);
        incident.freeze();
        let notify = incident.command("notify", &borrowed(&incident.to(&sink.url())));
        let fault = format!("fsync,fdatasync:error=EIO:when={which}");
        let (output, calls) = strace::run_with_fault(&strace, &notify, &fault).unwrap();
        assert_exit(&output, 6);
        let syncs = || calls.iter().filter(|call| matches!(call.name.as_str(), "fsync" | "fdatasync"));
        let failed: Vec<&Call> = syncs().filter(|call| call.result == Some(-1)).collect();
        assert_eq!(failed.len(), 1, "the proof needs its one failure, at sync {which}");
        assert!(
            failed[0].target().is_some_and(|file| file.contains("/ledger.sqlite") || file.ends_with("/out")),
            "sync {which}: {:?}",
            failed[0].target()
        );
        let later = syncs().find(|call| call.begun > failed[0].ended);
        assert_eq!(later, None, "sync {which} failed, and another one was tried");
        // Every dot that left has an offer whose sync did not fail.
        let order = prove_order(&calls, "/ledger.sqlite-wal", incident.offer_mark());
        assert_eq!(order.disorders, [], "sync {which} failed");
        handed_over += order.hand_overs.len();
        only_offered(&incident, &sink.recorded().unwrap());
        goes_on(&incident, &sink.url(), || sink.recorded().unwrap());
    }
    assert!(handed_over > 0, "every failure came before the first dot");
}

#[test]
fn a_full_disk_stops_the_run_and_room_lets_it_go_on() {
    let Some(program) = tools::require("smtp-sink") else { return };
    let Some(disk) = SmallDisk::mount() else { return };
    let sink = recorder(&program, &[]);
    let incident = Incident::within(disk.folder(), Path::new(FORTHWITH), 62, COUNT);
    incident.freeze();
    let filler = disk.fill_but(ROOM_OCTETS);
    let run = incident.command("notify", &borrowed(&incident.to(&sink.url()))).output().unwrap();
    assert_exit(&run, 6);
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(told.contains("full"), "it names the cause: {told}");
    let recorded = sink.recorded().unwrap();
    assert!((1..COUNT).contains(&recorded.len()), "the disk was full mid-run: {} went out", recorded.len());
    only_offered(&incident, &recorded);
    // Still full: it ends before it connects, and nothing more is told.
    let again = incident.command("notify", &borrowed(&incident.to(&sink.url()))).output().unwrap();
    assert_exit(&again, 6);
    assert_eq!(sink.recorded().unwrap().len(), recorded.len());
    fs::remove_file(filler).unwrap();
    goes_on(&incident, &sink.url(), || sink.recorded().unwrap());
}

#[test]
fn a_read_only_ledger_ends_the_run_before_it_connects() {
    let (Some(strace), Some(program)) = (tools::require("strace"), tools::require("smtp-sink")) else { return };
    let Some(disk) = SmallDisk::mount() else { return };
    let sink = recorder(&program, &[]);
    let incident = Incident::within(disk.folder(), Path::new(FORTHWITH), 63, COUNT);
    incident.freeze();
    disk.remount("ro");
    let notify = incident.command("notify", &borrowed(&incident.to(&sink.url())));
    let (output, calls) = strace::run(&strace, &notify).unwrap();
    assert_exit(&output, 6);
    assert!(!calls.iter().any(Call::is_network));
    disk.remount("rw");
    goes_on(&incident, &sink.url(), || sink.recorded().unwrap());
}

/// Checks that whoever the relay has a message for was offered: accepted, or shown in doubt.
fn only_offered(incident: &Incident, recorded: &[Recorded]) {
    let states: BTreeMap<String, String> = incident.states().into_iter().collect();
    for message in recorded {
        let state = &states[&message.recipients[0]];
        assert!(["accepted", "in_doubt"].contains(&state.as_str()), "told, and the ledger says {state}");
    }
}

/// Runs once more, undisturbed, and judges: what was in doubt is still, everybody else was told once.
fn goes_on(incident: &Incident, relay: &str, recorded: impl Fn() -> Vec<Recorded>) {
    let doubts = incident.doubts().len();
    let exit = if doubts > 0 { 5 } else { 0 };
    incident.run("notify", &borrowed(&incident.to(relay)), exit);
    let judgement = incident.judge(&recorded(), &[], 1);
    assert!(judgement.is_clean() && judgement.copies.is_empty(), "{judgement}");
    assert_eq!(judgement.doubts, doubts, "{judgement}");
    assert_eq!(incident.ledger().verify().unwrap(), []);
}

/// A tmpfs of 8 MiB, unmounted when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts one; `None`, after saying so, where this account cannot.
    fn mount() -> Option<Self> {
        if !tools::is_root() {
            tools::skip("a disk of its own is mounted by root alone");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("forthwith-disk-").tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(folder.path());
        if !mount.status().is_ok_and(|status| status.success()) {
            tools::skip("this machine lets nobody mount a tmpfs");
            return None;
        }
        Some(Self { folder })
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Fills the disk up to `room` octets, and returns the file that does it.
    fn fill_but(&self, room: u64) -> std::path::PathBuf {
        let filler = self.folder().join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        file.set_len(file.metadata().unwrap().len() - room).unwrap();
        filler
    }

    fn remount(&self, how: &str) {
        let option = format!("remount,{how}");
        let status = Command::new("mount").args(["-o", &option]).arg(self.folder()).status().unwrap();
        assert!(status.success(), "cannot remount {how}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.folder()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking(), "a disk stays mounted");
    }
}
