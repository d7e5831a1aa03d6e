//! 'What is recorded': the terms of a contract in plain words, the same for both sides, one step from every page. It
//! speaks of the terms under which trackers record, never of newer ones that were only issued.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Html;
use candor_diary::parcel::Policy;
use candor_diary::plain;
use candor_diary::terms::{ManualTime, Mode, PictureRemoval, Terms};
use candor_diary::text::{DisplayZone, Reader, RecordedSign, recorded, short_date};
use maud::{Markup, html};

use super::contract_page::ContractPage;
use super::error::PageError;
use super::layout::{ContractBar, ContractTab, PageFrame, icon, other_name};
use super::session::SignedInAccount;
use crate::back_office::BackOffice;
use crate::clock;
use crate::store::StoredContract;

/// Terms under which trackers record.
struct TermsInForce {
    terms: Terms,
    /// When they were issued, in milliseconds since the epoch.
    issued_at: u64,
    /// The names of the trackers on which they are in force; empty if none has taken part yet.
    trackers: Vec<String>,
    /// The names of those that have delivered nothing yet.
    unused: Vec<String>,
    /// The policy of the newest parcel that was made under them.
    policy: Option<Policy>,
}

pub(super) async fn show_recorded(
    State(office): State<Arc<BackOffice>>,
    reader: SignedInAccount,
    Path(contract): Path<String>,
) -> Result<Html<String>, PageError> {
    let opened = ContractPage::open(&office, reader, &contract).await?;
    let in_force = in_force(&office, &opened.contract).await?;
    Ok(Html(render(&opened, &in_force).into_string()))
}

/// Returns the terms under which trackers record, the newest first; without trackers those that the first would get.
async fn in_force(office: &BackOffice, contract: &StoredContract) -> Result<Vec<TermsInForce>, PageError> {
    let newest = office.store.newest_parcel(&contract.id).await?;
    let newest = newest.map(|newest| newest.read_visible()).transpose()?;
    let policy =
        |sequence: u64| newest.as_ref().filter(|p| p.terms.sequence == sequence).map(|p| p.policy.clone());
    let mut trackers: BTreeMap<Reverse<u64>, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for tracker in office.store.trackers(&contract.id).await? {
        let (names, unused) = trackers.entry(Reverse(tracker.sequence)).or_default();
        if !tracker.used {
            unused.push(tracker.name.clone());
        }
        names.push(tracker.name);
    }
    let mut all = Vec::new();
    for (Reverse(sequence), (trackers, unused)) in trackers {
        if let Some((terms, issued_at)) = office.store.terms(&contract.id, sequence).await? {
            all.push(TermsInForce { terms, issued_at, trackers, unused, policy: policy(sequence) });
        }
    }
    if all.is_empty() {
        let (terms, issued_at) = (contract.terms.clone(), contract.issued_at);
        let policy = policy(terms.sequence);
        all.push(TermsInForce { terms, issued_at, trackers: Vec::new(), unused: Vec::new(), policy });
    }
    Ok(all)
}

fn render(opened: &ContractPage, in_force: &[TermsInForce]) -> Markup {
    let contract = &opened.contract;
    let newest = &contract.terms;
    let zone = DisplayZone::named(&opened.account.zone);
    let on = |at: u64| zone.date(at).zip(zone.date(clock::now())).map(|(on, today)| short_date(on, today));
    let behind: Vec<&str> = in_force
        .iter()
        .filter(|f| f.terms.sequence < newest.sequence)
        .flat_map(|f| f.trackers.iter().map(String::as_str))
        .collect();
    let main = html! {
        main #main.wrap.narrow {
            div.head {
                h1 { "What is recorded" }
                span.state { (newest.title) }
            }
            div.stack.told.open {
                div.msg {
                    (icon("eye"))
                    span {
                        b { "Nobody is recorded without being asked and without seeing it. " }
                        "The tracker says so at every start, and this page cannot be switched off."
                    }
                }
                @if !behind.is_empty() {
                    div.msg {
                        (icon("doc"))
                        span {
                            b { "Terms " (newest.sequence) " are issued, not yet in force on " (behind.join(", ")) ". " }
                            @if let Some(issued) = on(contract.issued_at) { "Issued " (issued) ". " }
                            "They apply there once the worker has joined again and accepted them. Until then, what follows applies."
                        }
                    }
                }
                @for one in in_force { (sections(opened, one, in_force.len() > 1, on(one.issued_at))) }
            }
        }
    };
    let frame = PageFrame {
        prefix: &opened.prefix,
        form_token: Some(&opened.form_token),
        title: format!("What is recorded · {}", newest.title),
        description: "What is recorded under the terms of one contract, in plain words",
        account: Some(&opened.account),
        contract: Some(ContractBar { open: contract, menu: &opened.menu, tab: ContractTab::Recorded }),
        narrow: true,
        footer: Some(html! {
            p.grow { "You and " (other_name(contract, &opened.account)) " see this same page." }
            a href={ (opened.prefix) "/contracts/" (contract.id) "/diary" } { "Work Diary" }
        }),
    };
    frame.around(&main)
}

/// What terms say. With `named`, which trackers they are in force on: there are others.
fn sections(opened: &ContractPage, in_force: &TermsInForce, named: bool, issued: Option<String>) -> Markup {
    let TermsInForce { terms, policy, trackers, unused, .. } = in_force;
    let accepted = |name: &String| match unused.contains(name) {
        true => format!("{name}, once it is accepted there"),
        false => name.clone(),
    };
    let places = trackers.iter().map(accepted).collect::<Vec<_>>().join("; ");
    let policy = policy.as_ref();
    let says = TermsSentences { terms, worker: !opened.is_client() };
    html! {
        @if named { h2 { "On " (trackers.join(", ")) } }
        section.panel {
            header { h2 { (says.client()) " and " (says.worker()) " will see" } }
            div { ul.says { (says.recorded()) } }
        }
        section.panel {
            header { h2 { "Nobody will see" } }
            div { (says.hidden(policy)) }
        }
        section.panel {
            header { h2 { "Who decides" } }
            div { ul.says { (says.decides()) } }
        }
        section.panel id=[(!named).then_some("terms")] {
            header { h2 { "Terms " (terms.sequence) } }
            div {
                dl.kv {
                    dt { "In force on" }
                    dd { @if trackers.is_empty() { "No tracker yet" } @else { (places) } }
                    @if let Some(issued) = issued { dt { "Issued" } dd { (issued) } }
                    dt { "Client" } dd { (terms.client) }
                    dt { "Worker" } dd { (terms.worker) }
                    dt { "Mode" } dd { @match terms.mode { Mode::Worklog => "Worklog", Mode::Monitoring => "Monitoring" } }
                    dt { "Segment" } dd { (minutes(terms)) }
                    dt { "Weekly limit" }
                    dd {
                        @match terms.weekly_limit {
                            Some(limit) => { (plain::duration(limit.into())) ", a change counts from the next week" },
                            None => "None",
                        }
                    }
                    dt { "Manual time" } dd { (manual_words(terms.manual_time)) }
                    @if !terms.labels.is_empty() { dt { "Labels" } dd { (terms.labels.join(", ")) } }
                    dt { "Policy" }
                    dd {
                        @match (&terms.policy, policy) {
                            (Some(asked), Some(used)) if !used.sha256.is_empty() => {
                                (asked.plugin) " " code.faint { (plain::short_hex(&used.sha256, 2)) }
                            },
                            (Some(asked), _) => (asked.plugin),
                            (None, _) => "None: no picture and no title is kept without one",
                        }
                    }
                    dt { "Collectors" }
                    dd {
                        @if terms.collectors.is_empty() { "None" }
                        (terms.collectors.iter().map(|c| c.plugin.as_str()).collect::<Vec<_>>().join(", "))
                    }
                    dt { "Delivered by" } dd { (delivered(terms)) }
                }
            }
        }
    }
}

/// Returns where segments go, by the uploader's own settings: the plugin of this name delivers to the address that
/// stands there.
fn delivered(terms: &Terms) -> String {
    let uploader = &terms.uploader;
    match uploader.settings.get("url").and_then(|url| url.as_str()) {
        Some(url) => format!("{}, to {}", uploader.plugin, plain::short_line(url)),
        None => uploader.plugin.clone(),
    }
}

fn minutes(terms: &Terms) -> String {
    let length = u64::from(terms.segment.minutes());
    format!("{length} {}", plain::plural(length, "minute", "minutes"))
}

fn manual_words(manual_time: ManualTime) -> &'static str {
    match manual_time {
        ManualTime::No => "Not allowed",
        ManualTime::Ask => "Billed when the client has agreed to it",
        ManualTime::Yes => "Allowed, and shown as manual",
        ManualTime::Only => "All time is typed in; nothing is tracked",
    }
}

/// The sentences, told to the client or to the worker: the reader is 'you', the other goes by name.
struct TermsSentences<'a> {
    terms: &'a Terms,
    worker: bool,
}

impl<'a> TermsSentences<'a> {
    fn client(&self) -> &'a str {
        if self.worker { &self.terms.client } else { "You" }
    }

    fn worker(&self) -> &'a str {
        if self.worker { "you" } else { &self.terms.worker }
    }

    /// The worker at the start of a sentence, with a verb: `You start` or `Mara Oduya starts`.
    fn does(&self, verb: &str) -> String {
        if self.worker { format!("You {verb}") } else { format!("{} {verb}s", self.terms.worker) }
    }

    /// The worker with 'may', for the middle of a sentence: `you may` or `Mara Oduya may`.
    fn may(&self) -> String {
        format!("{} may", self.worker())
    }

    fn removal(&self) -> &'static str {
        match self.terms.picture_removal {
            PictureRemoval::KeepsTime => "and the time stays",
            PictureRemoval::RemovesTime => {
                "and takes its segment's time with it before the week is locked; after that the time stays"
            }
        }
    }

    fn chooses(&self) -> Markup {
        let chooses = &self.terms.worker_chooses;
        let what: Vec<&str> =
            [(chooses.pictures, "pictures"), (chooses.activity, "counts of keys, clicks and scrolls")]
                .into_iter()
                .filter_map(|(may, what)| may.then_some(what))
                .collect();
        html! {
            @if !what.is_empty() {
                (Self::line("check", &format!("Turning {} off is up to {}; both sides see it.", what.join(" and "), self.worker())))
            }
        }
    }

    fn line(sign: &str, text: &str) -> Markup {
        html! { li { (icon(sign)) span { (text) } } }
    }

    fn recorded(&self) -> Markup {
        let sign = |sign| match sign {
            RecordedSign::Clock => "clock",
            RecordedSign::Screen => "screen",
            RecordedSign::Nothing => "nopic",
            RecordedSign::Texts => "doc",
            RecordedSign::Camera => "camera",
        };
        html! { @for one in recorded(self.terms, Reader::Both) { (Self::line(sign(one.sign), &one.text)) } }
    }

    fn hidden(&self, policy: Option<&Policy>) -> Markup {
        let rules = policy.map_or(&[][..], |p| p.rules.as_slice());
        html! {
            @if self.terms.policy.is_none() {
                p.small { "Without a privacy policy, no picture and no window title is ever kept." }
            } @else if policy.is_none() {
                p.small.quiet { "The rules show here in words with the first segment." }
            } @else if rules.is_empty() {
                p.small { "There is no privacy rule. Every window can be seen in a picture." }
            } @else {
                ul.says { @for rule in rules { (Self::line("rule", rule)) } }
            }
            @if self.terms.policy.is_some() {
                p.small.quiet.after {
                    "Rules are applied on the computer, before anything is kept. What a rule hides is in no picture and in no record. "
                    "If a rule fails, no picture is kept, and both sides see why."
                }
            }
        }
    }

    fn decides(&self) -> Markup {
        let waits = plain::length(self.terms.hold_ms);
        html! {
            @match self.terms.mode {
                Mode::Worklog => {
                    (Self::line("check", &format!("{} and {} the time, and may stop at any moment.", self.does("start"), if self.worker { "stop" } else { "stops" })))
                    (Self::line("check", &format!("A segment waits {waits} on the computer before it is sent.")))
                    (self.chooses())
                    (Self::line("pencil", &format!("Until Monday 12:00 UTC after the week, {} change memo and label, and remove time. Both sides see that something was changed or removed, and when.", self.may())))
                    (Self::line("nopic", &format!("A picture can be removed at any time, {}.", self.removal())))
                    (Self::line("check", "If the computer has its own privacy rules, they apply on top of these. They can only hide more."))
                },
                Mode::Monitoring => {
                    (Self::line("lock", &format!("The settings of {} decide what is recorded.", self.terms.client)))
                    (Self::line("lock", &format!("A segment waits {waits} on the computer before it is sent.")))
                    (Self::line("eye", &format!("{} told at every start.", if self.worker { "You are".to_owned() } else { format!("{} is", self.terms.worker) })))
                },
            }
            (Self::line("eye", "Pictures and this diary are open to the two sides of the contract, and to nobody else who signs in."))
        }
    }
}
