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
/// Descriptors of a run: with fewer the loader of the system itself starts no program. The first story of a seed has
/// the most.
const DESCRIPTORS: (u64, u64) = (4, 16);
/// Blocks of 512 octets that a file may have: a run to its end writes fewer than the most. The ledger has some 180 when it
/// begins.
const BLOCKS: (u64, u64) = (0, 2_400);
/// The stack of the first thread, in KiB. A debug build uses up the least; an optimised one needs no more.
const STACK_KIB: (u64, u64) = (256, 2_048);
/// The space of addresses, in KiB: with the least no program is loaded, with the most a run ends well.
const SPACE_KIB: (u64, u64) = (24 * 1_024, 112 * 1_024);
/// Octets of memory of a group: with the least the system kills whoever joins, with the most a run ends well.
const MEMORY_OCTETS: (u64, u64) = (2 << 20, 10 << 20);
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
    if MemoryGroup::make("trial", MEMORY_OCTETS.1).is_none() {
        println!("this machine lets nobody limit a group's memory: the space of addresses is limited instead");
    }
    let first = settings.seed;
    let story = |(): &mut (), seed: u64, _: usize| {
        let limit = Limit::drawn(seed, seed - first);
        tell(program, &sink, seed, &limit)
    };
    let sum = lanes::tell(settings, 1, || (), story);
    println!("{sum}");
    Some(sum)
}

/// What a run may not have more of.
#[derive(Debug)]
enum Limit {
    /// Descriptors.
    Descriptors(u64),
    /// Blocks of one file.
    Blocks(u64),
    /// KiB of the first thread's stack.
    Stack(u64),
    /// KiB of the space of addresses.
    Space(u64),
    /// The memory of a group.
    Memory(MemoryGroup),
}

impl Limit {
    /// Draws the limit of a story; each kind comes in turn.
    fn drawn(seed: u64, turn: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut between = |(least, most): (u64, u64)| least + chance.below(most - least + 1);
        match turn % 5 {
            0 if turn == 0 => Self::Descriptors(DESCRIPTORS.1),
            0 => Self::Descriptors(between(DESCRIPTORS)),
            1 => Self::Blocks(between(BLOCKS)),
            2 => Self::Space(between(SPACE_KIB)),
            3 => {
                let group = MemoryGroup::make(&seed.to_string(), between(MEMORY_OCTETS));
                group.map_or_else(|| Self::Space(between(SPACE_KIB)), Self::Memory)
            }
            _ if turn == 4 => Self::Stack(STACK_KIB.0),
            _ => Self::Stack(between(STACK_KIB)),
        }
    }

    /// Returns a shell's command that sets it for what it starts.
    fn set(&self) -> String {
        match self {
            Self::Descriptors(count) => format!("ulimit -n {count}"),
            Self::Blocks(count) => format!("ulimit -f {count}"),
            Self::Stack(kib) => format!("ulimit -s {kib}"),
            Self::Space(kib) => format!("ulimit -v {kib}"),
            Self::Memory(group) => format!("echo $$ > '{}'", group.members().display()),
        }
    }

    /// Returns whether a run may end so under it.
    fn allows(&self, exit: i32) -> bool {
        let is_memory = matches!(self, Self::Stack(_) | Self::Space(_) | Self::Memory(_));
        ENDS.contains(&exit) || is_memory && ENDS_WITHOUT_MEMORY.contains(&exit)
    }
}

fn tell(program: &Path, sink: &Path, seed: u64, limit: &Limit) -> Tally {
    let relays = thoughtful_relays(sink);
    let incident = Incident::new(program, seed, COUNT);
    incident.freeze();
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("{} && exec \"$0\" \"$@\"", limit.set())]).arg(program);
    limited.arg("notify").arg(incident.path()).args(borrowed(&incident.to(&relays.first.url())));
    let mut run = limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let exit = ended_within(&mut run, HANG_MAX);
    if exit.is_none() {
        kill(&mut run);
    }
    assert!(exit.is_some_and(|exit| limit.allows(exit)), "under {limit:?} it ends with {exit:?}");
    goes_on(&incident, &relays, usize::from(exit != Some(0)))
}
