//! The Work Diary's day page.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Html;
use candor_diary::billing::Facts;
use candor_diary::calendar::Day;
use candor_diary::day::{Cell, Entry, Summary, cells};
use candor_diary::parcel::Parcel;
use candor_diary::plain;
use candor_diary::text::{DisplayZone, short_date};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::contract_page::{ContractPage, DayData, OpenSegment};
use super::error::PageError;
use super::grid::HourGrid;
use super::layout::{ContractBar, ContractTab, PageFrame, icon, other_name};
use super::session::SignedInAccount;
use super::when;
use super::{chart, detail};
use crate::back_office::BackOffice;
use crate::clock;

/// In whose zone times are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ZoneChoice {
    Mine,
    Utc,
    Theirs,
}

impl ZoneChoice {
    const ALL: [(Self, &str); 3] = [(Self::Mine, "Mine"), (Self::Utc, "UTC"), (Self::Theirs, "Theirs")];

    fn name(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Utc => "utc",
            Self::Theirs => "theirs",
        }
    }
}

#[derive(Deserialize)]
pub(super) struct DiaryParams {
    zone: Option<String>,
    segment: Option<String>,
}

/// Everything that the page is made of.
struct DayPage<'a> {
    opened: &'a ContractPage,
    choice: ZoneChoice,
    zone: &'a DisplayZone,
    day: &'a Day,
    data: &'a DayData,
    cells: &'a [Cell<'a>],
    current: Option<&'a Cell<'a>>,
    /// This page's own address, without the segment.
    link: String,
}

pub(super) async fn show_day(
    State(office): State<Arc<BackOffice>>,
    reader: SignedInAccount,
    Path((contract, date)): Path<(String, String)>,
    Query(params): Query<DiaryParams>,
) -> Result<Html<String>, PageError> {
    let opened = ContractPage::open(&office, reader, &contract).await?;
    let date: Date =
        date.parse().ok().filter(|parsed: &Date| parsed.to_string() == date).ok_or(PageError::NotFound)?;
    let choice = match params.zone.as_deref() {
        Some("utc") => ZoneChoice::Utc,
        Some("theirs") => ZoneChoice::Theirs,
        _ => ZoneChoice::Mine,
    };
    let zone = match choice {
        ZoneChoice::Mine => DisplayZone::named(&opened.account.zone),
        ZoneChoice::Utc => DisplayZone::named("UTC"),
        ZoneChoice::Theirs => DisplayZone::named(&opened.other_account(&office).await?.zone),
    };
    let day = zone.whole_day(date).ok_or(PageError::NotFound)?;
    let open = match params.segment.as_deref() {
        Some("none") => OpenSegment::None,
        Some(text) => when::parse_utc(text).map_or(OpenSegment::Last, OpenSegment::At),
        None => OpenSegment::Last,
    };
    let data = DayData::load(&office.store, &opened.contract, &day, open).await?;
    let key = office.key.public().to_hex();
    let rendered = tokio::task::spawn_blocking(move || {
        let entries: Vec<Entry<'_>> = data
            .parcels
            .iter()
            .zip(&data.outcomes)
            .map(|((parcel, _), outcome)| Entry { parcel, outcome: *outcome })
            .collect();
        let cells = cells(&entries);
        let current = match open {
            OpenSegment::None => None,
            OpenSegment::At(start) => cells.iter().find(|c| c.start == start).or(cells.last()),
            OpenSegment::Last => cells.last(),
        };
        let link = day_address(&opened, day.date, choice);
        let page = DayPage {
            opened: &opened,
            choice,
            zone: &zone,
            day: &day,
            data: &data,
            cells: &cells,
            current,
            link,
        };
        page.render(&key).into_string()
    });
    Ok(Html(rendered.await.map_err(|e| PageError::internal(&e))?))
}

fn day_address(opened: &ContractPage, date: Date, choice: ZoneChoice) -> String {
    let ContractPage { prefix, contract, .. } = opened;
    format!("{prefix}/contracts/{}/diary/{date}?zone={}", contract.id, choice.name())
}

impl DayPage<'_> {
    fn address(&self, date: Date, choice: ZoneChoice) -> String {
        day_address(self.opened, date, choice)
    }

    fn render(&self, key: &str) -> Markup {
        let contract = &self.opened.contract;
        let name = short_date(self.day.date, self.today());
        let frame = PageFrame {
            prefix: &self.opened.prefix,
            form_token: Some(&self.opened.form_token),
            title: format!("Work Diary, {name} · {}", contract.terms.title),
            description: "Work Diary day page of one contract",
            account: Some(&self.opened.account),
            contract: Some(ContractBar { open: contract, menu: &self.opened.menu, tab: ContractTab::Diary }),
            footer: Some(self.footer()),
            narrow: false,
        };
        let main = html! {
            main #main.wrap {
                (self.head(&name))
                (self.summary())
                @if self.cells.is_empty() {
                    (self.empty(&name))
                } @else {
                    div.split.alone[self.current.is_none()] {
                        section.hours aria-label={ "Segments of " (name) } {
                            h2.vh { "Hours" }
                            (self.grid().render())
                        }
                        @if let Some(cell) = self.current {
                            (detail::panel(&detail::SegmentDetail {
                                cell,
                                kept: self.data.parcels.get(cell.index).map(|(_, delivery)| delivery),
                                earlier: self.data.earlier(cell.shown.parcel),
                                same_picture: self.data.same_picture,
                                also: cell.also.iter().filter_map(|i| self.data.parcels.get(*i)).collect(),
                                zone: self.zone,
                                date: self.day.date,
                                prefix: &self.opened.prefix,
                                contract,
                                pictures: self.pictures(),
                                key,
                                close: format!("{}&segment=none", self.link),
                            }))
                        }
                    }
                }
            }
        };
        frame.around(&main)
    }

    fn pictures(&self) -> bool {
        let taken = |parcel: &Parcel| parcel.snapshot.is_some() || parcel.no_snapshot.is_some();
        // What trackers did counts, whatever newer terms say.
        self.data.parcels.iter().any(|(parcel, _)| taken(parcel))
            || self.opened.contract.terms.collectors.iter().any(|c| c.plugin == "screenshots")
    }

    fn today(&self) -> Date {
        self.zone.date(clock::now()).unwrap_or(self.day.date)
    }

    fn grid(&self) -> HourGrid<'_> {
        HourGrid {
            day: self.day,
            zone: self.zone,
            cells: self.cells,
            current: self.current.map(|c| c.start),
            pictures: self.pictures(),
            prefix: &self.opened.prefix,
            link: &self.link,
        }
    }

    fn head(&self, name: &str) -> Markup {
        let today = self.today();
        let beside = |date: Option<Date>, what: &str, sign: &str| {
            html! {
                @if let Some(date) = date {
                    a.btn.icon.bare href=(self.address(date, self.choice))
                        aria-label={ (what) " day, " (short_date(date, today)) } { (icon(sign)) }
                }
            }
        };
        html! {
            div.head {
                div.daynav {
                    (beside(self.day.date.yesterday().ok(), "Previous", "left"))
                    h1 { (name) }
                    (beside(self.day.date.tomorrow().ok(), "Next", "right"))
                }
                span.state {
                    (icon("clock"))
                    span {
                        (self.zone.label(self.day)) ". "
                        @match &self.data.reach {
                            Some(reach) => { "Last segment received " (self.zone.time_beside(reach.received_at, self.day.date)) },
                            None => "No segment received yet",
                        }
                    }
                }
                span.grow {}
                nav.tabs aria-label="Time zone" {
                    @for (choice, text) in ZoneChoice::ALL {
                        a href=(self.address(self.day.date, choice))
                            aria-current=[(choice == self.choice).then_some("true")] { (text) }
                    }
                }
            }
        }
    }

    fn summary(&self) -> Markup {
        let sum = Summary::of(self.cells.iter().map(|c| (Facts::of(c.shown.parcel), c.outcome)));
        let figure = |kind: Option<&str>, word: &str, minutes: u64, notes: &[String]| {
            html! {
                div {
                    dt { span.rail data-kind=[kind] {} (word) }
                    dd { (plain::duration(minutes)) @for note in notes { small { (note) } } }
                }
            }
        };
        let notes = |first: &str, more: &[(u64, &str)]| {
            let more = more.iter().filter(|(minutes, _)| *minutes > 0);
            let more = more.map(|(minutes, words)| format!("{} {words}", plain::duration(*minutes)));
            std::iter::once(first.to_owned()).chain(more).collect::<Vec<_>>()
        };
        let recorded = format!("of {} recorded", plain::duration(sum.recorded));
        let billable = notes(&recorded, &[(sum.after_lock, "more arrived after the lock")]);
        let tracked = notes("billable", &[(sum.not_billable - sum.manual_not_billable, "more not billable")]);
        let manual = notes(
            "billable",
            &[(sum.waiting, "waiting for agreement"), (sum.manual_not_billable, "more not billable")],
        );
        html! {
            section.panel.sum aria-label="Summary of the day" {
                dl {
                    (figure(None, "Billable", sum.billable, &billable))
                    (figure(Some("tracked"), "Tracked", sum.billable - sum.manual, &tracked))
                    (figure(Some("manual"), "Manual", sum.manual, &manual))
                    (figure(Some("over"), "Over limit", sum.over_limit, &["not billable".to_owned()]))
                    (figure(Some("none"), "No evidence", sum.no_evidence, &["not counted".to_owned()]))
                }
                (self.week())
            }
        }
    }

    fn week(&self) -> Markup {
        let week = &self.data.week;
        let today = self.today();
        let utc = DisplayZone::named("UTC");
        let (monday, sunday) = (utc.date(week.from), utc.date(week.to.saturating_sub(1)));
        let lock = week.locks_at();
        // Deadlines always carry UTC.
        let lock_on = utc.date(lock).map(|on| format!("{}, {} UTC", short_date(on, today), utc.time(lock)));
        html! {
            div.week {
                p {
                    b {
                        "Week"
                        @if let (Some(monday), Some(sunday)) = (monday, sunday) {
                            ", " (short_date(monday, sunday)) " – " (short_date(sunday, today)) " UTC"
                        }
                    }
                    span {
                        (plain::duration(week.sum.billable)) " "
                        @match week.limit {
                            Some(limit) => span.faint { "of " (plain::duration(limit)) " limit" },
                            None => span.faint { "billable" },
                        }
                    }
                }
                (chart::week(week))
                p.quiet {
                    span {
                        @match (week.limit, week.over_since) {
                            (None, _) => { "No weekly limit" },
                            (Some(_), Some(since)) => {
                                "Limit reached " (self.zone.weekday(since)) ", " (plain::duration(week.sum.over_limit)) " over"
                            },
                            (Some(limit), None) => { (plain::duration(limit.saturating_sub(week.sum.billable))) " left" },
                        }
                        @if week.sum.waiting > 0 { ", " (plain::duration(week.sum.waiting)) " waiting for agreement" }
                        @if week.sum.after_lock > 0 { ", " (plain::duration(week.sum.after_lock)) " arrived after the lock" }
                    }
                    @if let Some(lock_on) = lock_on {
                        @if clock::now() < lock {
                            span.state { "Edit until " (lock_on) }
                        } @else {
                            span.state { (icon("lock")) "Locked since " (lock_on) }
                        }
                    }
                }
            }
        }
    }

    fn empty(&self, name: &str) -> Markup {
        let contract = &self.opened.contract;
        html! {
            div.panel.blank {
                h2 { "No time on " (name) }
                p.small.quiet { "Nothing was recorded. Time shows here a minute or two after a segment ends." }
                @let newest = self.data.reach.and_then(|reach| self.zone.date(reach.start));
                @if let Some(date) = newest {
                    a.btn href=(self.address(date, self.choice)) { "Open " (short_date(date, self.today())) }
                } @else {
                    a.btn href={ (self.opened.prefix) "/contracts/" (contract.id) "/recorded" } { (icon("eye")) "What is recorded" }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        let contract = &self.opened.contract;
        html! {
            p.grow {
                "You and " (other_name(contract, &self.opened.account)) " see this same page. "
                "Key presses are counted, never which key."
            }
            a href={ (self.opened.prefix) "/contracts/" (contract.id) "/recorded" } { "What is recorded" }
            a href={ (self.opened.prefix) "/contracts/" (contract.id) "/recorded#terms" } { "Terms" }
        }
    }
}
