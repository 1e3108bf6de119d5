//! A control group whose programs get so much memory and no more (cgroups(7), version 1 or 2). The system kills
//! whoever wants more. It is removed when dropped.

use forthwith_testkit::server::{HANG_MAX, wait_until};
use std::{fs, path::PathBuf};

/// The group's name begins so.
const PREFIX: &str = "forthwith-limit-";

/// A group with a limit.
#[derive(Debug)]
pub struct MemoryGroup {
    folder: PathBuf,
}

impl MemoryGroup {
    /// Makes a group within our own that may have `octets`; `None` where this machine lets nobody.
    pub fn make(name: &str, octets: u64) -> Option<Self> {
        let (parent, limit) = ours()?;
        let group = Self { folder: parent.join(format!("{PREFIX}{}-{name}", std::process::id())) };
        fs::create_dir(&group.folder).ok()?;
        // A group of version 2 has no such file where its parent hands the memory to nobody.
        fs::write(group.folder.join(limit), octets.to_string()).ok()?;
        // Where there is swap, it would be taken instead; where it is not counted, there is no such file.
        let _ = fs::write(group.folder.join("memory.swap.max"), "0");
        let _ = fs::write(group.folder.join("memory.memsw.limit_in_bytes"), octets.to_string());
        Some(group)
    }

    /// Returns the file to which a process writes its number to join.
    pub fn members(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // It is busy until its last process is gone.
        let is_gone = wait_until(HANG_MAX, || fs::remove_dir(&self.folder).is_ok() || !self.folder.exists());
        assert!(is_gone || std::thread::panicking(), "{} stays", self.folder.display());
    }
}

/// Returns the folder of the group that this process is in, and the name of the file that holds a limit.
fn ours() -> Option<(PathBuf, &'static str)> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounted = |is: &dyn Fn(&str, &str) -> bool| {
        let mut mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        mounts.find(|mount| mount.len() > 3 && is(mount[2], mount[3])).map(|mount| PathBuf::from(mount[1]))
    };
    let path = |is: &dyn Fn(&str) -> bool| {
        // Each line: hierarchy, controllers, path.
        let line = own.lines().map(|line| line.splitn(3, ':').collect::<Vec<_>>()).find(|line| is(line[1]))?;
        Some(line[2].trim_start_matches('/').to_owned())
    };
    let has_memory = |names: &str| names.split(',').any(|name| name == "memory");
    let within = |root: PathBuf, path: String| {
        let group = root.join(path);
        // A container may see a path that is none of its own.
        if group.is_dir() { group } else { root }
    };
    if let Some(path) = path(&has_memory) {
        let root = mounted(&|kind, options| kind == "cgroup" && has_memory(options))?;
        return Some((within(root, path), "memory.limit_in_bytes"));
    }
    let root = mounted(&|kind, _| kind == "cgroup2")?;
    Some((within(root, path(&|controllers| controllers.is_empty())?), "memory.max"))
}
