//! The command line.

use crate::terminal::Format;
use clap::{Args, Parser, Subcommand, ValueHint, builder::NonEmptyStringValueParser};
use jiff::Timestamp;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Tells people that their data was exposed: the right words, to every affected person, once, with proof.
#[derive(Debug, Parser)]
#[command(name = "forthwith", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  forthwith new acme-2026-11            an incident folder that checks clean at once
  forthwith check acme-2026-11          read everything, list every finding
  forthwith preview acme-2026-11 --open see a notice as its recipient will
  forthwith notify acme-2026-11         rehearse: deliver to the built-in inbox; nobody is told

Exit codes: 0 done, 1 cannot, 2 usage, 3 inputs refused, 4 not released, 5 incomplete, 6 ledger, 7 relay.")]
pub struct Cli {
    /// How results are written to standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
    /// Leave out progress and messages; errors are still shown
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an incident folder that checks clean at once
    #[command(after_help = "Example: forthwith new acme-2026-11")]
    New(NewArgs),
    /// Read everything and list every finding; writes nothing but the files that are asked for
    #[command(after_help = "Examples:
  forthwith check acme-2026-11 --format json
  forthwith check acme-2026-11 --findings acme-2026-11/out/findings.jsonl
  forthwith check acme-2026-11 --letters acme-2026-11/out/letters.csv")]
    Check(CheckArgs),
    /// Show one notice as its recipient will get it; without a choice, the variants
    #[command(after_help = "Example: forthwith preview acme-2026-11 --row 3 --as text")]
    Preview(PreviewArgs),
    /// Hand every notice over to the relay, going on where an earlier run stopped
    #[command(after_help = "Examples:
  forthwith notify acme-2026-11                      as delivery.toml says; a rehearsal while relay = \"inbox\"
  forthwith notify acme-2026-11 --dry-run            render all, freeze the plan, write the packet; no network
  forthwith notify acme-2026-11 --relay smtps://mail.example.org --confirm 1204")]
    Notify(NotifyArgs),
    /// Release the frozen plan, with a key or by a witnessed paper, or take that back; without more, show how
    #[command(after_help = "Examples:
  forthwith approve acme-2026-11                                what is signed, by whom, and what is lacking
  forthwith approve acme-2026-11 --key ~/.ssh/id_ed25519        sign here
  ssh-keygen -Y sign -f KEY -n forthwith-approval@v1 acme-2026-11/out/packet/statement.txt
  forthwith approve acme-2026-11 --signature statement.txt.sig  signed elsewhere: agents, hardware keys
  forthwith approve acme-2026-11 --witnessed-by \"Bo Birch\" --for \"Ada Ash\" --role counsel --document page.pdf
  forthwith approve acme-2026-11 --withdraw --by \"Ada Ash\" --reason \"wrong telephone number\"")]
    Approve(ApproveArgs),
    /// Hand one marked sample over, with invented data, to an address that delivery.toml names
    #[command(after_help = "Example: forthwith test-send acme-2026-11 --variant en/email --to counsel@example.org")]
    TestSend(TestSendArgs),
    /// Make a running notify drain and end, from another terminal
    #[command(
        after_help = "Example: forthwith stop acme-2026-11 --reason \"wrong telephone number in the notice\""
    )]
    Stop(StopArgs),
    /// Show by when each law wants whom told: people, regulators, credit bureaus, media
    ///
    /// The dates come from incident.toml, the list's own counts and the record. Nothing in them was confirmed by
    /// counsel unless they say so, and nothing here says that anything was done in time.
    #[command(after_help = "Examples:
  forthwith deadlines acme-2026-11
  forthwith deadlines acme-2026-11 --ics acme-2026-11/out/deadlines.ics
  forthwith deadlines acme-2026-11 --as-of 2026-11-27T09:00[Europe/Berlin] --format json")]
    Deadlines(DeadlinesArgs),
    /// Hold every notice back because law enforcement asked for it; a running notify drains and ends
    ///
    /// It stands in the ledger, so that lifting it voids no approval. A rehearsal goes on.
    #[command(after_help = "Example: forthwith hold acme-2026-11 --by \"Ines Okafor\" --agency \"State Police\" \
                            --reason \"written request of 3 November\"")]
    Hold(HoldArgs),
    /// Lift a hold; what was approved stays approved
    #[command(
        after_help = "Example: forthwith release acme-2026-11 --by \"Ines Okafor\" --reason \"written release\""
    )]
    Release(ReleaseArgs),
    /// Show counts by state, pace, time left and what needs a person; also while a run goes on
    #[command(after_help = "Example: forthwith status acme-2026-11")]
    Status(StatusArgs),
    /// Tell one person's whole story: row, variant, attempts, replies
    #[command(after_help = "Example: forthwith explain acme-2026-11 ada@example.org")]
    Explain(ExplainArgs),
    /// Settle notices in doubt: tell again, or let stand
    #[command(
        after_help = "Example: forthwith resolve acme-2026-11 --resend --id C17 --reason \"not in the relay's log\""
    )]
    Resolve(ResolveArgs),
    /// Settle doubts from the relay's own log or events, and record what the relay did afterwards
    #[command(after_help = "Examples:
  forthwith reconcile acme-2026-11 --postfix-log /var/log/mail.log --dry-run
  forthwith reconcile acme-2026-11 --postfix-log mail.log --log-zone Europe/Berlin --by \"Ines Okafor\"
  forthwith reconcile acme-2026-11 --events ses-events.json")]
    Reconcile(ReconcileArgs),
    /// Look at the relay, the sender's DNS records and this machine; hands nothing over and writes nothing
    ///
    /// The relay gets EHLO, AUTH, and one MAIL and RCPT of each sender to itself, taken back with RSET: never DATA.
    #[command(after_help = "Examples:
  forthwith doctor acme-2026-11
  forthwith doctor acme-2026-11 --relay smtps://mail.example.org --dkim-selector s2026

Exit codes: 0 nothing is broken, 1 something is, 3 inputs refused, 7 it is the relay.")]
    Doctor(DoctorArgs),
    /// Find what contradicts itself in the record: changed rows, events or states
    #[command(after_help = "Example: forthwith verify acme-2026-11")]
    Verify(VerifyArgs),
    /// Show the laws on notices as the program understands them: all, or one with every rule and its citation
    #[command(after_help = "Examples:
  forthwith law
  forthwith law us-vt
  forthwith law eu-gdpr --format json")]
    Law(LawArgs),
    /// Print completions for a shell
    #[command(after_help = "Example: forthwith completions bash > /etc/bash_completion.d/forthwith")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example: forthwith man > forthwith.1")]
    Man,
}

/// The incident.
#[derive(Debug, Args)]
pub struct IncidentArgs {
    /// The incident folder, or the list in it
    #[arg(value_hint = ValueHint::AnyPath)]
    pub incident: PathBuf,
}

/// How the list is read, where affected.toml does not say it.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// The encoding of the list, by its label (windows-1252); instead of what affected.toml says
    #[arg(long, value_name = "LABEL")]
    pub encoding: Option<String>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Write every finding to FILE (.jsonl or .csv), and the refused rows, to be mended, to FILE.refused.csv
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub findings: Option<PathBuf>,
    /// Write everybody who must get a letter instead of an e-mail to FILE (.csv)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub letters: Option<PathBuf>,
    /// Replace files of these names
    #[arg(long)]
    pub overwrite: bool,
}

/// Arguments of `new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The folder to make; it must not exist yet
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// Begin from this shipped example instead of the bare sample
    #[arg(long, value_name = "EXAMPLE")]
    pub from: Option<String>,
}

/// Arguments of `preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The notice for this data row, counted from 1
    #[arg(long, value_name = "N", group = "who")]
    pub row: Option<u64>,
    /// The notice for the person with this id
    #[arg(long, group = "who")]
    pub id: Option<String>,
    /// The first notice of this variant: its key, or the label that it bears
    #[arg(long, value_name = "KEY", group = "who")]
    pub variant: Option<String>,
    /// As what to show it
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub form: Option<Form>,
    /// Open the HTML in the browser
    #[arg(long)]
    pub open: bool,
}

/// As what a notice is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// The text part, with the headers that a reader sees
    Text,
    /// The HTML part
    Html,
    /// The whole message, byte for byte but for its Date
    Eml,
}

/// Arguments of `notify`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct NotifyArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Render every notice, freeze the plan and write the packet; touches no network
    #[arg(long)]
    pub dry_run: bool,
    /// The moment from which the packet reckons pace and time left; now where it is not given
    #[arg(long, value_name = "TIME", requires = "dry_run", value_parser = moment)]
    pub as_of: Option<Timestamp>,
    /// The number of planned notices: confirms them without a terminal
    #[arg(long, value_name = "N")]
    pub confirm: Option<u64>,
    /// Submit here: <smtps://HOST>, <smtp+starttls://HOST>, <smtp://HOST> (loopback), or inbox
    #[arg(long, value_name = "URL")]
    pub relay: Option<String>,
    /// Connections at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub connections: Option<u32>,
    /// At most so many attempts: 20/s, 5000/h, 50000/d, unlimited (repeatable)
    #[arg(long, value_name = "LIMIT")]
    pub rate: Vec<String>,
    /// Hand over at most N notices, then stop: a canary
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// End when only later retries are left, or nothing may begin now
    #[arg(long)]
    pub no_wait: bool,
    /// Hand over although the last notice goes out after the deadline
    #[arg(long)]
    pub late: bool,
    /// Rehearsal only: throw the earlier rehearsal away and begin anew
    #[arg(long, conflicts_with = "dry_run")]
    pub fresh: bool,
    #[command(flatten)]
    pub signers: SignersArgs,
}

/// A file of signers outside the incident folder.
#[derive(Debug, Args)]
pub struct SignersArgs {
    /// Further signers, kept outside the folder: they add to incident.toml's, and one of them must have signed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub signers: Option<PathBuf>,
}

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// Sign with this private key; with a .pub file, with the key that an agent holds
    #[arg(long, value_name = "FILE", group = "act", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// The key's passphrase is the first line of this file, mode 0600; the terminal is asked otherwise
    #[arg(long, value_name = "FILE", requires = "key", value_hint = ValueHint::FilePath)]
    pub passphrase_file: Option<PathBuf>,
    /// Hand in what `ssh-keygen -Y sign` made
    #[arg(long, value_name = "FILE", group = "act", value_hint = ValueHint::FilePath)]
    pub signature: Option<PathBuf>,
    /// Record a paper: who saw it signed
    #[arg(long, value_name = "NAME", group = "act", requires_all = ["signed_by", "role", "document"])]
    pub witnessed_by: Option<String>,
    /// Who signed the paper
    #[arg(long = "for", value_name = "NAME", requires = "witnessed_by")]
    pub signed_by: Option<String>,
    /// As what they signed it: counsel, privacy, ...
    #[arg(long, requires = "witnessed_by")]
    pub role: Option<String>,
    /// A scan or photograph of the paper; its hash is kept
    #[arg(long, value_name = "FILE", requires = "witnessed_by", value_hint = ValueHint::FilePath)]
    pub document: Option<PathBuf>,
    /// The eight words that stand on the paper, to be compared with the plan's
    #[arg(long, requires = "witnessed_by")]
    pub words: Option<String>,
    /// Take every release of the plan back; a notify that goes on drains and ends with exit 4
    #[arg(long, group = "act", requires = "reason")]
    pub withdraw: bool,
    /// Who withdraws; the system account where it is not given
    #[arg(long, requires = "withdraw")]
    pub by: Option<String>,
    /// Why it is withdrawn; it is recorded
    #[arg(long, requires = "withdraw")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub signers: SignersArgs,
}

/// Arguments of `test-send`.
#[derive(Debug, Args)]
pub struct TestSendArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// The wording, by its key, as `preview` lists it
    #[arg(long, value_name = "KEY")]
    pub variant: String,
    /// Where it goes: an address under [test] in delivery.toml
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,
    /// Submit here instead of to the relay in delivery.toml
    #[arg(long, value_name = "URL")]
    pub relay: Option<String>,
}

/// Arguments of `stop`.
#[derive(Debug, Args)]
pub struct StopArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// Why; it is recorded
    #[arg(long)]
    pub reason: String,
    /// Who decides; the system account where it is not given
    #[arg(long)]
    pub by: Option<String>,
    /// Stop the rehearsal instead
    #[arg(long)]
    pub rehearsal: bool,
}

/// Arguments of `deadlines`.
#[derive(Debug, Args)]
pub struct DeadlinesArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// The moment from which time left is reckoned; now where it is not given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub as_of: Option<Timestamp>,
    /// Write the dates as a calendar to FILE (.ics); - writes it to standard output, and nothing else
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ics: Option<PathBuf>,
    /// Replace a file of this name
    #[arg(long, requires = "ics")]
    pub overwrite: bool,
}

/// Arguments of `hold`.
#[derive(Debug, Args)]
pub struct HoldArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// Who records it; a name that stands in the record
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// Why, and who asked in which form; it is recorded
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// The agency that asked
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub agency: Option<String>,
    /// When it ends by itself, where the agency said so: 2026-12-01T17:00:00-05:00
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Timestamp>,
}

/// Arguments of `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// Who lifts it; a name that stands in the record
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// Why; it is recorded
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// The agency whose hold is lifted, where several stand
    #[arg(long, value_name = "NAME")]
    pub agency: Option<String>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// Of the rehearsal
    #[arg(long)]
    pub rehearsal: bool,
    #[command(flatten)]
    pub signers: SignersArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// An id, an address, a row number or the token in a notice's X-Forthwith-ID
    pub who: String,
    /// In the rehearsal
    #[arg(long)]
    pub rehearsal: bool,
}

/// Arguments of `resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// Tell them again; those in doubt may get a second copy
    #[arg(long, required_unless_present = "let_stand", conflicts_with = "let_stand")]
    pub resend: bool,
    /// Do not tell again those who may or may not have been told
    #[arg(long)]
    pub let_stand: bool,
    /// Only these ids, addresses or tokens (repeatable)
    #[arg(long = "id", value_name = "ID", num_args = 1..)]
    pub ids: Vec<String>,
    /// Notices in this state
    #[arg(long, value_enum, default_value_t = ResolvedState::InDoubt)]
    pub state: ResolvedState,
    /// Why; it is recorded
    #[arg(long)]
    pub reason: String,
    /// Who decides; the system account where it is not given
    #[arg(long)]
    pub by: Option<String>,
    /// How many notices are settled: confirms them without a terminal
    #[arg(long, value_name = "N")]
    pub confirm: Option<u64>,
    /// In the rehearsal
    #[arg(long)]
    pub rehearsal: bool,
}

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    #[command(flatten)]
    pub source: SourceArgs,
    /// The time zone of lines that name none; this machine's where it is not given
    #[arg(long, value_name = "ZONE", conflicts_with = "events")]
    pub log_zone: Option<String>,
    /// How far the relay's clock and this machine's may differ, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub clock_skew: u32,
    /// Who concludes; the system account where it is not given
    #[arg(long)]
    pub by: Option<String>,
    /// Show what would be concluded, and record nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What `reconcile` reads: one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct SourceArgs {
    /// The log of the Postfix that the notices were handed over to, not packed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub postfix_log: Option<PathBuf>,
    /// The events that Amazon SES exported, as JSON in any of its forms, not packed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub events: Option<PathBuf>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// Look at this relay instead of the one in delivery.toml
    #[arg(long, value_name = "URL")]
    pub relay: Option<String>,
    /// Ask this DNS server instead of the system's: an IP address, with a port or without
    #[arg(long, value_name = "ADDRESS", value_parser = dns_server)]
    pub dns: Option<SocketAddr>,
    /// The selector of a DKIM key that the relay signs with (repeatable)
    #[arg(long, value_name = "NAME")]
    pub dkim_selector: Vec<String>,
}

/// Reads a moment, with its offset from UTC or its zone.
fn moment(text: &str) -> Result<Timestamp, String> {
    let zoned = || text.parse::<jiff::ZonedDateTime>().map(|zoned| zoned.timestamp());
    text.parse().or_else(|_| zoned()).map_err(|_| {
        "write a moment with its offset or zone: 2026-11-27T08:00:00Z, 2026-11-27T09:00+01:00 or \
         2026-11-27T09:00[Europe/Berlin]"
            .into()
    })
}

/// The port of the DNS (RFC 1035 section 4.2).
const DNS_PORT: u16 = 53;

fn dns_server(text: &str) -> Result<SocketAddr, String> {
    let with_port = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT));
    text.parse()
        .or_else(|_| with_port())
        .map_err(|_| "write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53".into())
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub incident: IncidentArgs,
    /// The record of the rehearsal
    #[arg(long)]
    pub rehearsal: bool,
}

/// Arguments of `law`.
#[derive(Debug, Args)]
pub struct LawArgs {
    /// The id of one regime: us-vt
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

/// Which notices are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ResolvedState {
    /// In doubt
    InDoubt,
    /// Refused for good by the relay
    Bounced,
    /// Given up past the plan's limit
    Expired,
}
