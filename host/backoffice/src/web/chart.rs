//! Activity drawn as SVG without any inline style: the meter under a cell, the chart of a segment, the bar of a week.
//! Neutral in colour: activity is no kind of time.

use std::fmt::Write;

use candor_diary::day::Minute;
use candor_diary::parcel::Counts;
use candor_diary::plain;
use candor_diary::text::DisplayZone;
use candor_diary::week::{DaySum, Week};
use maud::{Markup, html};

/// Draws the meter: a tick a minute, its height by the count against the busiest minute of the day.
pub(super) fn meter(minutes: &[Minute], busiest: u64) -> Markup {
    if minutes.iter().all(|m| m.counts.is_none()) {
        return html! { span.meter {} };
    }
    let (mut on, mut off) = (String::new(), String::new());
    let step = 100.0 / minutes.len() as f64;
    let width = step * 0.8;
    for (nth, minute) in minutes.iter().enumerate() {
        let left = step * (nth as f64 + 0.1);
        let events = minute.events();
        let (path, height) = if events > 0 {
            (&mut on, 4.0 + 8.0 * (events as f64 / busiest.max(events) as f64))
        } else {
            (&mut off, 1.5)
        };
        bar(path, left, 12.0, width, height);
    }
    html! {
        svg.meter viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" {
            @if !on.is_empty() { path.on d=(on) {} }
            @if !off.is_empty() { path.off d=(off) {} }
        }
    }
}

/// Adds a bar that stands on `base` to a path. Writing to a string cannot fail.
fn bar(path: &mut String, left: f64, base: f64, width: f64, height: f64) {
    let short = |v: f64| format!("{v:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
    let (left, base, width, height) = (short(left), short(base), short(width), short(height));
    write!(path, "M{left} {base}v-{height}h{width}v{height}z").unwrap_or_default();
}

/// Draws keys, clicks and scrolls in each minute, with the same numbers as a table below.
pub(super) fn activity(minutes: &[Minute], zone: &DisplayZone) -> Markup {
    let (Some(first), Some(last)) = (minutes.first(), minutes.last()) else { return html! {} };
    let range = format!("{} to {}", zone.time(first.start), zone.time(last.start));
    let quiet: Vec<String> = minutes.iter().filter(|m| m.events() == 0).map(|m| zone.time(m.start)).collect();
    let quiet = match quiet.len() {
        0 => String::new(),
        n if n <= 3 => format!(" No activity at {}.", quiet.join(" and ")),
        n => format!(" No activity in {n} minutes."),
    };
    html! {
        svg.chart viewBox="0 0 300 148" role="img" aria-labelledby="chart-t" {
            title #chart-t {
                "Keys, clicks and scrolls in each minute from " (range) "." (quiet)
                " The same numbers are in the table below."
            }
            (counts_row(0, "Keys", "keys", minutes, zone, |c| c.keys))
            (counts_row(44, "Clicks", "clicks", minutes, zone, |c| c.clicks))
            (counts_row(88, "Scrolls", "scrolls", minutes, zone, |c| c.scrolls))
            text x="58" y="146" { (zone.time(first.start)) }
            @if minutes.len() > 2 {
                @let middle = minutes.len() / 2;
                @let (left, step, _) = bar_places(minutes.len());
                @if let Some(minute) = minutes.get(middle) {
                    text x=(format!("{:.0}", left + step * middle as f64)) y="146" { (past_hour(minute, zone)) }
                }
            }
            @if minutes.len() > 1 { text x="290" y="146" text-anchor="end" { (past_hour(last, zone)) } }
        }
        details.more {
            summary { "Show as table" }
            table.data {
                caption.vh { "Activity a minute, " (range) }
                thead { tr {
                    th scope="col" { "Minute" }
                    th.num scope="col" { "Keys" }
                    th.num scope="col" { "Clicks" }
                    th.num scope="col" { "Scrolls" }
                } }
                tbody {
                    @for minute in minutes {
                        tr {
                            th scope="row" { (zone.time(minute.start)) }
                            @if let Some(counts) = minute.counts {
                                td.num { (plain::count(counts.keys.into())) }
                                td.num { (plain::count(counts.clicks.into())) }
                                td.num { (plain::count(counts.scrolls.into())) }
                            } @else {
                                td.num { "–" } td.num { "–" } td.num { "–" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the minutes past the hour, such as `:35`.
fn past_hour(minute: &Minute, zone: &DisplayZone) -> String {
    zone.time(minute.start).get(2..).unwrap_or_default().to_owned()
}

/// Returns the left edge of the first bar, the step from bar to bar, and a bar's width.
fn bar_places(minutes: usize) -> (f64, f64, f64) {
    let step = (232.0 / minutes.max(1) as f64).min(24.0);
    (58.0, step, step * 2.0 / 3.0)
}

fn counts_row(
    top: u32,
    name: &str,
    unit: &str,
    minutes: &[Minute],
    zone: &DisplayZone,
    of: impl Fn(&Counts) -> u32,
) -> Markup {
    let value = |m: &Minute| m.counts.as_ref().map_or(0, &of);
    let total: u64 = minutes.iter().map(|m| u64::from(value(m))).sum();
    let most = minutes.iter().map(value).max().unwrap_or(0).max(1);
    let (left, step, width) = bar_places(minutes.len());
    let base = f64::from(top) + 32.0;
    html! {
        text.big x="0" y=(top + 14) { (name) }
        text x="0" y=(top + 29) { (plain::count(total)) }
        @for (nth, minute) in minutes.iter().enumerate() {
            @let count = value(minute);
            @if count > 0 {
                @let height = (f64::from(count) / f64::from(most) * 30.0).max(2.0);
                rect.f-act x=(format!("{:.1}", left + step * nth as f64)) y=(format!("{:.1}", base - height))
                    width=(format!("{width:.1}")) height=(format!("{height:.1}")) rx="1" {
                    title { (zone.time(minute.start)) ", " (plain::count(count.into())) " " (unit) }
                }
            }
        }
        path.s-edge d=(format!("M58 {:.1}h232", base + 0.5)) {}
    }
}

/// Draws a week in order of its days, with gaps between them: tracked, typed in, over limit; an ink line at the limit.
pub(super) fn week(week: &Week) -> Markup {
    const WIDTH: f64 = 600.0;
    const GAP: f64 = 3.0;
    let sum = &week.sum;
    let days: Vec<&DaySum> = week.days.iter().filter(|d| d.tracked + d.manual + d.over > 0).collect();
    let most = (sum.billable + sum.over_limit).max(week.limit.unwrap_or(0)).max(1);
    let room = WIDTH - GAP * days.len().saturating_sub(1) as f64;
    let wide = |minutes: u64| room * minutes as f64 / most as f64;
    let (mut at, mut billed, mut limit_at) = (0.0, 0, None);
    let mut bars = Vec::new();
    for day in &days {
        for (kind, minutes) in [("tracked", day.tracked), ("manual", day.manual), ("over", day.over)] {
            if minutes == 0 {
                continue;
            }
            if kind == "over" {
                limit_at.get_or_insert(at);
            } else {
                billed += minutes;
            }
            bars.push((kind, at, wide(minutes)));
            at += wide(minutes);
        }
        at += GAP;
    }
    let limit_at = week.limit.map(|limit| {
        limit_at.unwrap_or_else(|| {
            at - GAP * f64::from(u8::from(!days.is_empty())) + wide(limit.saturating_sub(billed))
        })
    });
    html! {
        svg viewBox="0 0 600 14" preserveAspectRatio="none" role="img" aria-label=(week_words(week)) {
            rect.f-well y="3" width="600" height="8" {}
            @for (kind, left, width) in bars {
                @match kind {
                    "over" => path.f-over d={ (over_limit_line(left, width, 3.0)) (over_limit_line(left, width, 8.0)) } {},
                    "manual" => rect fill="url(#dash)" x=(format!("{left:.1}")) y="3" width=(format!("{width:.1}")) height="8" {},
                    _ => rect.f-tracked x=(format!("{left:.1}")) y="3" width=(format!("{width:.1}")) height="8" {},
                }
            }
            @if let Some(limit_at) = limit_at {
                rect.f-ink x=(format!("{:.1}", (limit_at - 1.0).clamp(0.0, WIDTH - 2.0))) width="2" height="14" {}
            }
        }
    }
}

/// Returns one of the two lines of time over the limit, as a path.
fn over_limit_line(left: f64, width: f64, top: f64) -> String {
    format!("M{left:.1} {top:.0}h{width:.1}v3h-{width:.1}z")
}

fn week_words(week: &Week) -> String {
    let billable = plain::duration(week.sum.billable);
    let manual = match week.sum.manual {
        0 => String::new(),
        minutes => format!(", {} of it manual", plain::duration(minutes)),
    };
    match week.limit {
        None => format!("{billable} billable this week{manual}; there is no weekly limit"),
        Some(limit) => {
            let over = match week.sum.over_limit {
                0 => String::new(),
                minutes => format!(", {} over it", plain::duration(minutes)),
            };
            format!("{billable} of the weekly limit of {} used{manual}{over}", plain::duration(limit))
        }
    }
}
