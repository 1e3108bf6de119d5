//! Disks of a proof's own: a small one in memory that fills up or becomes read-only, and one whose power can be
//! cut. Each is unmounted when dropped.
//!
//! Power is cut by ext4's own shutdown (`EXT4_IOC_SHUTDOWN`, with the log not flushed): what was not synced is
//! gone, as if the machine had lost its power. The disks are mounted within mounts of our own, so that they
//! vanish with the last process that sees them even where we are killed.

use forthwith_testkit::{
    server::{HANG_MAX, wait_until},
    tools,
};
use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

/// Octets of the disk whose power is cut: the ledger of a story takes less than 2 MiB.
const POWERED_OCTETS: u64 = 32 << 20;
/// Says that a process lives in mounts of our own already.
const OWN_MOUNTS: &str = "FORTHWITH_OWN_MOUNTS";

/// Returns whether this process lives in mounts of its own.
pub fn has_own_mounts() -> bool {
    std::env::var_os(OWN_MOUNTS).is_some()
}

/// Runs this very program again with `arguments`, in mounts of its own, and returns how it ended; `None`, after
/// saying so, where this account or this machine has none.
pub fn again_in_own_mounts<S: AsRef<OsStr>>(arguments: &[S]) -> Option<ExitStatus> {
    let unshare = |program: &Path| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private"]).arg(program);
        unshare
    };
    if !tools::is_root() || !unshare(Path::new("true")).status().is_ok_and(|status| status.success()) {
        tools::skip("mounts of our own, for a disk whose power is cut, are root's alone, and not on every machine");
        return None;
    }
    let program = std::env::current_exe().unwrap();
    Some(unshare(&program).args(arguments).env(OWN_MOUNTS, "1").status().unwrap())
}

/// A disk whose power can be cut.
pub struct PoweredDisk {
    folder: tempfile::TempDir,
    xfs_io: PathBuf,
    is_mounted: bool,
}

impl PoweredDisk {
    /// Makes and mounts one; `None`, after saying so, where this machine lets nobody.
    pub fn mount() -> Option<Self> {
        let (mkfs, xfs_io) = (tools::require("mkfs.ext4")?, tools::require("xfs_io")?);
        let folder = tempfile::Builder::new().prefix("forthwith-power-").tempdir().unwrap();
        let mut disk = Self { folder, xfs_io, is_mounted: false };
        fs::create_dir(disk.root()).unwrap();
        fs::File::create(disk.image()).unwrap().set_len(POWERED_OCTETS).unwrap();
        succeeds(Command::new(mkfs).args(["-q", "-F"]).arg(disk.image()));
        if !disk.try_mount() {
            tools::skip("this machine lets nobody mount a file as a disk");
            return None;
        }
        Some(disk)
    }

    /// Returns the folder that lies on the disk.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Makes all that is on the disk durable, as it is when an operator has long written it.
    pub fn sync(&self) {
        succeeds(Command::new("sync").arg("--file-system").arg(self.root()));
    }

    /// Cuts the power: from now on nothing reaches the disk, and every call that tries fails.
    pub fn cut(&self) {
        succeeds(Command::new(&self.xfs_io).args(["-x", "-c", "shutdown"]).arg(self.root()));
    }

    /// Gives the power back. Nothing may have a file on the disk open.
    pub fn restore(&mut self) {
        self.unmount();
        assert!(self.try_mount(), "the disk does not come back");
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn try_mount(&mut self) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "ext4", "-o", "loop,noatime"]).arg(self.image()).arg(self.root());
        self.is_mounted = mount.status().is_ok_and(|status| status.success());
        self.is_mounted
    }

    fn unmount(&mut self) {
        let mut said = String::new();
        let is_done = wait_until(HANG_MAX, || {
            let output = Command::new("umount").arg(self.root()).output().unwrap();
            said = String::from_utf8_lossy(&output.stderr).into_owned();
            output.status.success()
        });
        assert!(is_done, "the disk stays in use: {said}");
        self.is_mounted = false;
    }
}

impl Drop for PoweredDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            // The loop device goes with the mount.
            let _ = Command::new("umount").arg("--lazy").arg(self.root()).status();
        }
    }
}

/// A disk of 8 MiB in memory.
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts one; `None`, after saying so, where this account cannot.
    pub fn mount() -> Option<Self> {
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

    /// Returns the folder that lies on the disk.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Fills the disk up to `room` octets, and returns the file that does it.
    pub fn fill_but(&self, room: u64) -> PathBuf {
        let filler = self.folder().join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        file.set_len(file.metadata().unwrap().len() - room).unwrap();
        filler
    }

    /// Makes the disk `ro` or `rw`.
    pub fn remount(&self, how: &str) {
        succeeds(Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.folder()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.folder()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking(), "a disk stays mounted");
    }
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
