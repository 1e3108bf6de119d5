//! One regime as lines for a person: each rule with its citation, and how it was written down.

use forthwith_core::law::{
    Alternative, Basis, Condition, ContentRule, DataTrigger, Deadline, Effect, Eligible, Ground, Kind, Leg, Manner,
    Obligation, Regime, Sequence, Start, Substitute, Verified, Word,
};

/// Returns how long the regime gives for the notice to people, in a few words.
pub(super) fn people_within(regime: &Regime) -> String {
    match regime.individual() {
        None => "no notice to people".to_owned(),
        Some(individual) => individual.deadline.within.map_or_else(
            || "no fixed number".to_owned(),
            |within| format!("{} {}", within.n, within.unit.word().replace('_', " ")),
        ),
    }
}

/// Returns the regime, section by section.
pub(super) fn lines(regime: &Regime) -> Vec<String> {
    let mut page = Page::default();
    page.head(regime);
    page.applies(regime);
    page.section("Who is told, and by when");
    for obligation in &regime.obligations {
        page.obligation(obligation);
    }
    if !regime.content.is_empty() {
        page.section("What the notice says");
        for rule in &regime.content {
            page.rule(&content(rule), rule.says.as_deref(), &rule.basis);
        }
    }
    page.looks(regime);
    if let Some(manner) = &regime.manner {
        page.manner(manner);
    }
    page.rest(regime);
    page.0
}

#[derive(Default)]
struct Page(Vec<String>);

impl Page {
    fn line(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    fn section(&mut self, title: &str) {
        self.line("");
        self.line(title);
    }

    /// Adds a rule: what it says, what is to be known besides, and where it stands.
    fn rule(&mut self, rule: &str, says: Option<&str>, basis: &Basis) {
        let says = says.map(|says| format!("; {says}")).unwrap_or_default();
        self.line(format!("  {rule}{says}"));
        self.line(format!("      {}, {}", basis.cite, how_read(basis)));
    }

    fn head(&mut self, regime: &Regime) {
        self.line(regime.title.clone());
        self.line(regime.citation.clone());
        let day = |day: Option<jiff::civil::Date>| day.map_or_else(|| "…".to_owned(), |day| day.to_string());
        let (from, to) = (day(regime.effective.from), day(regime.effective.to));
        self.line(format!(
            "In force {from} to {to}; this file was last brought up to the law on {}",
            regime.revision
        ));
        let tally = regime.tally();
        let verified = match &regime.verified {
            Verified::Unverified => "Nobody has checked this file against the law".to_owned(),
            Verified::Read(check) => format!("Read against the law by {} on {}", check.by, check.on),
            Verified::Counsel(check) => format!("Checked by counsel, {}, on {}", check.by, check.on),
        };
        self.line(format!("{verified}: {} of {} rules unverified", tally.unverified, tally.rules));
        if let Some(status) = &regime.status {
            self.line(format!("Pending: {status}"));
        }
        for note in &regime.notes {
            self.line(format!("Note: {note}"));
        }
    }

    fn applies(&mut self, regime: &Regime) {
        let applies = &regime.applies;
        self.section("To whom it applies");
        let residence = list(&applies.residence);
        let but = if applies.residence_except.is_empty() {
            String::new()
        } else {
            format!(", but not in {}", list(&applies.residence_except))
        };
        self.line(format!("  People who live in: {residence}{but}"));
        for role in &applies.roles {
            self.line(format!("  The organisation is `{role}`: {}", role.says()));
        }
        for role in &applies.roles_except {
            self.line(format!("  but not `{role}`: {}", role.says()));
        }
        self.line(format!("  What happened: {}", applies.act.says()));
        for line in data(&applies.data) {
            self.line(format!("  {line}"));
        }
        self.rule(
            &format!("Harm, which a person judges: {}", applies.harm.kind.says()),
            applies.harm.says.as_deref(),
            &applies.basis,
        );
    }

    fn obligation(&mut self, obligation: &Obligation) {
        let who =
            if obligation.who.is_empty() { obligation.to.says().to_owned() } else { obligation.who.join(", ") };
        let from = obligation.threshold.map_or_else(String::new, |threshold| {
            format!(", where {} {} {}", threshold.scope.says(), threshold.op.says(), threshold.n)
        });
        let rule = format!(
            "{} ({who}{from}): {}",
            obligation.id,
            by_when(&obligation.deadline, obligation.sequence.as_ref())
        );
        self.rule(&rule, obligation.says.as_deref(), &obligation.basis);
        for extension in &obligation.deadline.extensions {
            self.line(format!("      longer: {extension}"));
        }
        for item in &obligation.include {
            self.line(format!("      also told: {item}"));
        }
    }

    fn looks(&mut self, regime: &Regime) {
        let Some(format) = &regime.format else { return };
        self.section("How it looks");
        let mut asked = Vec::new();
        asked.extend(format.title.as_ref().map(|title| format!("the title \"{title}\"")));
        asked.extend(format.min_points.map(|points| format!("type of at least {points} points")));
        asked.extend(format.plain_language.then(|| "plain language".to_owned()));
        asked.extend(format.conspicuous.then(|| "so that it stands out".to_owned()));
        asked.extend(format.dedicated.then(|| "a message of its own".to_owned()));
        self.rule(&asked.join(", "), format.says.as_deref(), &format.basis);
        for heading in &format.headings {
            self.line(format!("  Heading \"{}\": {}", heading.title, list(&heading.elements)));
        }
    }

    fn manner(&mut self, manner: &Manner) {
        self.section("Which way it goes");
        let email = &manner.email;
        self.rule(
            &format!("E-mail alone ({}): {}", email.tier, email.tier.says()),
            email.says.as_deref(),
            &email.basis,
        );
        for way in &email.allow_if {
            self.line(format!("      enough: {}", alternative(way)));
        }
        if let Some(mailbox) = &manner.mailbox {
            let rule = format!(
                "Mailbox whose login was taken, {}: never; instead {}",
                mailbox.never.says(),
                list(&mailbox.instead)
            );
            self.rule(&rule, None, &mailbox.basis);
        }
        if !manner.fallback.is_empty() {
            self.line(format!("  Other ways: {}", list(&manner.fallback)));
        }
        for stand_in in &manner.substitute {
            self.rule(&substitute(stand_in), stand_in.says.as_deref(), &stand_in.basis);
        }
    }

    fn rest(&mut self, regime: &Regime) {
        self.section("Besides");
        if let Some(hold) = &regime.hold {
            let after = hold.after_release.map_or_else(String::new, |period| {
                format!("; {} {} after it is lifted", period.n, period.unit.word().replace('_', " "))
            });
            self.rule(
                &format!("Hold: {}, asked {}{after}", hold.mode.says(), hold.request.says()),
                hold.says.as_deref(),
                &hold.basis,
            );
        }
        if let Some(language) = &regime.language {
            self.rule(&format!("Language: {}", language.says), None, &language.basis);
        }
        for exception in &regime.exceptions {
            let keeps = if exception.keeps.is_empty() {
                String::new()
            } else {
                format!(", not {}", exception.keeps.join(", "))
            };
            let rule = format!("Lifted ({}{keeps}): {}", exception.lifts.says(), exception.kind.says());
            self.rule(&rule, Some(&exception.says), &exception.basis);
        }
        for (name, remark) in [("Records", &regime.records), ("Penalty", &regime.penalty)] {
            if let Some(remark) = remark {
                self.rule(&format!("{name}: {}", remark.says), None, &remark.basis);
            }
        }
    }
}

fn how_read(basis: &Basis) -> String {
    format!("from {}", basis.source.says())
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn sets(sets: &[Vec<Kind>]) -> String {
    sets.iter().map(|set| list(set).replace(", ", " + ")).collect::<Vec<_>>().join("; ")
}

fn data(trigger: &DataTrigger) -> Vec<String> {
    let mut lines = Vec::new();
    if !trigger.any_of.is_empty() {
        let encrypted = if trigger.unless_encrypted { ", unless encrypted without the key" } else { "" };
        lines.push(format!("Data, any of: {}{encrypted}", sets(&trigger.any_of)));
    }
    if let Some(decided) = &trigger.if_decided {
        lines.push(format!("A person decides, of {}: {}", sets(&decided.any_of), decided.question));
    }
    lines
}

fn by_when(deadline: &Deadline, sequence: Option<&Sequence>) -> String {
    let mut parts = Vec::new();
    if let Some(within) = deadline.within {
        let start = deadline.start.as_ref().map_or_else(String::new, |start| format!(" of: {}", starts(start)));
        let year = if deadline.from_year_end { ", counted from the end of that year" } else { "" };
        parts.push(format!("within {} {}{start}{year}", within.n, within.unit.word().replace('_', " ")));
    }
    parts.extend(deadline.soft.clone());
    parts
        .extend(sequence.map(|sequence| format!("{} {}", sequence.order.word().replace('_', " "), sequence.other)));
    parts.extend(deadline.phased.then(|| "what is missing may follow".to_owned()));
    if parts.is_empty() { "no time is stated".to_owned() } else { parts.join("; ") }
}

fn starts(start: &Start) -> String {
    match start {
        Start::At(event) => event.says().to_owned(),
        Start::EarliestOf(events) => format!("the first of {}", list(events)),
        Start::LatestOf(events) => format!("the last of {}", list(events)),
    }
}

fn content(rule: &ContentRule) -> String {
    let effect = match &rule.effect {
        Effect::Require(elements) => format!("Says: {}", list(elements)),
        Effect::IfKnown(elements) => format!("Says, as far as known: {}", list(elements)),
        Effect::PerRecipient(elements) => format!("Says of this very person: {}", list(elements)),
        Effect::OneOf(elements) => format!("Says one of: {}", list(elements)),
        Effect::ReplaceWith(elements) => format!("Says instead of all that: {}", list(elements)),
        Effect::Advise(elements) => format!("May say: {}", list(elements)),
        Effect::CreditMonitoring { months } => {
            format!("Offers a service against identity theft at no cost, for at least {months} months")
        }
        Effect::Forbid(forbidden) => format!("Never says: {}", list(forbidden)),
    };
    match &rule.when {
        Condition::Always => effect,
        when => format!("{effect}, where {}", condition(when)),
    }
}

fn condition(when: &Condition) -> String {
    let joined = |all: &[Condition], with: &str| all.iter().map(condition).collect::<Vec<_>>().join(with);
    match when {
        Condition::Always => "always".to_owned(),
        Condition::DataHas(any) => format!("exposed: {}", sets(any)),
        Condition::DataOnly(kinds) => format!("nothing but {} was exposed", list(kinds)),
        Condition::Role(role) => format!("the organisation is {role}"),
        Condition::SenderWasSource => "the sender is who was breached".to_owned(),
        Condition::Decided(question) => format!("a person says yes: {question}"),
        Condition::All(all) => joined(all, " and "),
        Condition::AnyOf(any) => joined(any, " or "),
        Condition::Not(inner) => format!("not: {}", condition(inner)),
    }
}

fn alternative(way: &Alternative) -> String {
    let ground = |ground: &Ground| match ground {
        Ground::Address => "an address".to_owned(),
        Ground::Relationship => "a relationship, or e-mail used before".to_owned(),
        Ground::PrimaryChannel => "e-mail is the primary way".to_owned(),
        Ground::OnlineBusiness => "business is mainly done online".to_owned(),
        Ground::Consent(kind) => format!("consent {}", kind.says()),
    };
    let mut text = way.grounds.iter().map(ground).collect::<Vec<_>>().join(" and ");
    if way.when != Condition::Always {
        text = format!("{text}, where {}", condition(&way.when));
    }
    for (what, elements) in [
        ("then says", list(&way.require)),
        ("then never", list(&way.forbid)),
        ("only with one of", list(&way.must_accompany)),
    ] {
        if !elements.is_empty() {
            text = format!("{text}; {what} {elements}");
        }
    }
    if way.log_each { text + "; a record of each notice is kept" } else { text }
}

fn substitute(stand_in: &Substitute) -> String {
    let eligible = |eligible: &Eligible| match eligible {
        Eligible::CostOver(cost) => format!("notice costs more than {cost}"),
        Eligible::PeopleOver(people) => format!("more than {people} people"),
        Eligible::Unreachable { op, n } => format!("people who cannot be reached: {} {n}", op.says()),
        Eligible::Decided(question) => format!("a person says yes: {question}"),
    };
    let leg = |leg: &Leg| match leg.days {
        Some(days) => format!("{} for {days} days", leg.channel),
        None => leg.channel.to_string(),
    };
    let legs = stand_in.legs.iter().map(leg).collect::<Vec<_>>().join(" + ");
    let needed = if stand_in.legs_needed < stand_in.legs.len() {
        format!("{} of {legs}", stand_in.legs_needed)
    } else {
        legs
    };
    let eligible = stand_in.eligible.iter().map(eligible).collect::<Vec<_>>().join("; or ");
    let only = if stand_in.unreachable_only { ", for those people alone" } else { "" };
    format!("In its stead{only}: {needed}; where {eligible}")
}
