//! The page of who released the plan. It is bound by no digest: it changes with every release, and the plan does not.

use super::record::approval;
use forthwith_core::{
    approval::{Counted, How, Judgement, SetAside, plain_words},
    digest::Digest,
    incident::Incident,
};
use serde::Serialize;
use tera::Context;

/// What every page reads of the plan.
#[derive(Serialize)]
struct PlanView<'a> {
    incident: &'a str,
    digest: String,
}

/// What the template reads of somebody whose release counts.
#[derive(Serialize)]
struct CountedView<'a> {
    name: &'a str,
    roles: String,
    how: &'static str,
    with: &'a str,
    at: String,
    until: String,
}

impl<'a> CountedView<'a> {
    fn new(counted: &'a Counted) -> Self {
        Self {
            name: counted.names.first().map_or("", String::as_str),
            roles: counted.roles.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
            how: counted.how.told(),
            with: match &counted.how {
                How::Signed { fingerprint } => fingerprint,
                How::Witnessed { witness } => witness,
            },
            at: format!("{:.0}", counted.at),
            until: format!("{:.0}", counted.until),
        }
    }
}

/// What the template reads of a release that does not count.
#[derive(Serialize)]
struct SetAsideView<'a> {
    who: &'a str,
    at: String,
    why: String,
}

impl<'a> SetAsideView<'a> {
    fn new(aside: &'a SetAside) -> Self {
        let who = aside.who.as_deref().unwrap_or("not known");
        Self { who, at: format!("{:.0}", aside.at), why: aside.why.to_string() }
    }
}

/// Returns the page `approvals.html` of the packet; `judgement` is what was recorded, `None` where nobody has to
/// release the plan.
pub fn approvals(incident: &Incident, digest: &Digest, judgement: Option<&Judgement>) -> Vec<u8> {
    let tera = super::tera();
    let empty = Judgement::default();
    let shown = judgement.unwrap_or(&empty);
    let mut context = Context::new();
    context.insert("record", &PlanView { incident: &incident.id, digest: digest.to_string() });
    context.insert("words", &plain_words(digest));
    context.insert("rule", &approval(incident.approval.as_ref()).says);
    context.insert("is_judged", &judgement.is_some());
    context.insert("is_released", &shown.is_released());
    context.insert("counted", &shown.counted.iter().map(CountedView::new).collect::<Vec<_>>());
    context.insert("set_aside", &shown.set_aside.iter().map(SetAsideView::new).collect::<Vec<_>>());
    context.insert("lacking", &shown.lacking.iter().map(ToString::to_string).collect::<Vec<_>>());
    tera.render("approvals.html", &context).expect("the packet's own templates know their names").into_bytes()
}
