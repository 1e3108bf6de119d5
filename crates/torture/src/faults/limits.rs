//! A run has fewer descriptors than it wants, less memory or a smaller stack, or its files may not grow as far as they
//! would. It hands over over the lines that it gets, or ends and says why; for want of memory alone it may be ended.
//! Without the limit the next one goes on.

use super::{goes_on, thoughtful_relays};
use crate::{
    Settings,
    incident::{Incident, borrowed},
    lanes,
    memory::MemoryGroup,
    story::{Tally, ended_within, kill},
};
use forthwith_testkit::{lists::Chance, server::HANG_MAX, tools};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// People in each incident.
const COUNT: usize = 40;
/// The most descriptors that a run has. The first story of a seed has as many.
const DESCRIPTORS_MAX: u64 = 16;
/// With fewer the loader of the system itself starts no program.
const DESCRIPTORS_MIN: u64 = 4;
/// The most blocks of 512 octets that a file may have: a run to its end writes fewer. The ledger has some 180 when it
/// begins.
const BLOCKS_MAX: u64 = 2_400;
/// The stack of the first thread, in KiB: what is left of it where a machine is set up for small ones.
const STACK_KIB: u64 = 256;
/// The most of the space of addresses, in KiB, above the least: the loader, two threads and SQLite's log want some of it.
const SPACE_KIB_MAX: u64 = 160 * 1_024;
/// With less no program is loaded at all.
const SPACE_KIB_MIN: u64 = 4 * 1_024;
/// The most memory of a group: a run to its end has less.
const MEMORY_OCTETS_MAX: u64 = 48 << 20;
/// With less the system kills whoever joins.
const MEMORY_OCTETS_MIN: u64 = 2 << 20;
/// How a run may end besides that has too little memory: not started at all, by the shell or the loader; given up where
/// memory cannot be had (SIGABRT) or the stack is used up (SIGSEGV, SIGBUS); or killed by the system.
const ENDS_WITHOUT_MEMORY: [i32; 6] = [126, 127, 128 + 6, 128 + 7, 128 + 9, 128 + 11];
/// How a run may end: done, incomplete, unable to open something, without its ledger, or without a relay. A panic
/// (101) and a signal are no such end.
const ENDS: [i32; 5] = [0, 1, 5, 6, 7];

/// Limits `settings.size` runs; `None` where the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let sink = tools::require("smtp-sink")?;
    if MemoryGroup::make("trial", MEMORY_OCTETS_MAX).is_none() {
        println!("this machine lets nobody limit a group's memory: the space of addresses is limited instead");
    }
    let first = settings.seed;
    let story = |(): &mut (), seed: u64, _: usize| {
        let limit = Limit::drawn(seed - first, &mut Chance::new(seed));
        tell(program, &sink, seed, &limit)
    };
    let sum = lanes::tell(settings, 1, || (), story);
    println!("{sum}");
    Some(sum)
}

/// What a run may not have more of.
#[derive(Clone, Copy, Debug)]
enum Limit {
    /// Descriptors.
    Descriptors(u64),
    /// Blocks of one file.
    Blocks(u64),
    /// KiB of the first thread's stack.
    Stack(u64),
    /// KiB of the space of addresses.
    Space(u64),
    /// Octets of memory that are really used.
    Memory(u64),
}

impl Limit {
    /// Draws the limit of a story; each kind comes in turn.
    fn drawn(turn: u64, chance: &mut Chance) -> Self {
        let mut between = |least: u64, most: u64| least + chance.below(most - least + 1);
        match turn % 5 {
            0 if turn == 0 => Self::Descriptors(DESCRIPTORS_MAX),
            0 => Self::Descriptors(between(DESCRIPTORS_MIN, DESCRIPTORS_MAX)),
            1 => Self::Blocks(between(0, BLOCKS_MAX)),
            2 => Self::Space(between(SPACE_KIB_MIN, SPACE_KIB_MAX)),
            3 => Self::Memory(between(MEMORY_OCTETS_MIN, MEMORY_OCTETS_MAX)),
            _ => Self::Stack(STACK_KIB),
        }
    }

    /// Returns a shell's command that sets it for what it starts.
    fn set(self, group: Option<&MemoryGroup>) -> String {
        match (self, group) {
            (Self::Descriptors(count), _) => format!("ulimit -n {count}"),
            (Self::Blocks(count), _) => format!("ulimit -f {count}"),
            (Self::Stack(kib), _) => format!("ulimit -s {kib}"),
            (Self::Space(kib), _) => format!("ulimit -v {kib}"),
            (Self::Memory(_), Some(group)) => format!("echo $$ > '{}'", group.members().display()),
            (Self::Memory(octets), None) => format!("ulimit -v {}", octets / 1_024),
        }
    }

    /// Returns whether a run may end so under it.
    fn allows(self, exit: i32) -> bool {
        let is_memory = matches!(self, Self::Stack(_) | Self::Space(_) | Self::Memory(_));
        ENDS.contains(&exit) || is_memory && ENDS_WITHOUT_MEMORY.contains(&exit)
    }
}

fn tell(program: &Path, sink: &Path, seed: u64, limit: &Limit) -> Tally {
    let relays = thoughtful_relays(sink);
    let incident = Incident::new(program, seed, COUNT);
    incident.freeze();
    let group = match limit {
        Limit::Memory(octets) => MemoryGroup::make(&seed.to_string(), *octets),
        _ => None,
    };
    let mut limited = Command::new("sh");
    let set = limit.set(group.as_ref());
    limited.args(["-c", &format!("{set} && exec \"$0\" \"$@\"")]).arg(program);
    limited.arg("notify").arg(incident.path()).args(borrowed(&incident.to(&relays.first.url())));
    let mut run = limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let exit = ended_within(&mut run, HANG_MAX);
    if exit.is_none() {
        kill(&mut run);
    }
    assert!(exit.is_some_and(|exit| limit.allows(exit)), "under {limit:?} it ends with {exit:?}");
    goes_on(&incident, &relays, usize::from(exit != Some(0)))
}
