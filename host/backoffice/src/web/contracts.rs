//! The list of contracts, and the way to a contract's day of today.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use candor_diary::plain;
use candor_diary::text::DisplayZone;
use maud::html;
use serde::Deserialize;

use super::contract_page::ContractPage;
use super::error::PageError;
use super::layout::{PageFrame, other_name};
use super::session::SignedInAccount;
use crate::back_office::BackOffice;
use crate::billed::bill_current_weeks;
use crate::{access, clock, limits};

/// What the address of the list carries.
#[derive(Deserialize)]
pub(super) struct ListParams {
    /// Which page of it, from 1.
    page: Option<String>,
}

pub(super) async fn list_contracts(
    State(office): State<Arc<BackOffice>>,
    SignedInAccount { account, form_token }: SignedInAccount,
    Query(params): Query<ListParams>,
) -> Result<Html<String>, PageError> {
    let (now, zone) = (clock::now(), DisplayZone::named(&account.zone));
    let today = zone.date(now).ok_or(PageError::Internal)?;
    let page: u32 = params.page.and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
    let skip = (page - 1).saturating_mul(limits::CONTRACTS_ON_PAGE);
    // One more, to know whether there are more.
    let mut contracts =
        access::visible_contracts(&office.store, &account, skip, limits::CONTRACTS_ON_PAGE + 1).await?;
    let more = contracts.len() > limits::CONTRACTS_ON_PAGE as usize;
    contracts.truncate(limits::CONTRACTS_ON_PAGE as usize);
    if contracts.is_empty() && page > 1 {
        return Err(PageError::NotFound);
    }
    let ids: Vec<&str> = contracts.iter().map(|contract| contract.id.as_str()).collect();
    let arrivals = office.store.last_arrivals(&ids).await?;
    let weeks = bill_current_weeks(&office.store, &contracts, now).await?;
    let rows: Vec<_> = contracts
        .iter()
        .zip(weeks)
        .map(|(contract, week)| (contract, week, arrivals.get(&contract.id).copied()))
        .collect();
    let main = html! {
        main #main.wrap.narrow {
            div.head { h1 { "Contracts" } @if let Some(day) = zone.whole_day(today) { span.state { (zone.label(&day)) } } }
            @if rows.is_empty() {
                div.panel.blank {
                    h2 { "No contracts" }
                    p.small.quiet {
                        "Nothing is recorded for you. A contract shows here when whoever runs this back office adds one with your address."
                    }
                }
            } @else {
                ul.panel.list {
                    @for (contract, week, newest) in &rows {
                        li {
                            a href={ (office.prefix()) "/contracts/" (contract.id) "/diary" } {
                                span { b { (contract.terms.title) } " " span.quiet { (other_name(contract, &account)) } }
                                span.num {
                                    (plain::duration(week.sum.billable))
                                    @if let Some(limit) = week.limit { span.note.quiet { " of " (plain::duration(limit)) } }
                                }
                                span.small.quiet {
                                    @match newest {
                                        Some(at) => { "Last segment received " (zone.time_beside(*at, today)) },
                                        None => "No segment received yet",
                                    }
                                }
                                span.note.faint {
                                    "billable this week"
                                    @if week.sum.over_limit > 0 { ", " (plain::duration(week.sum.over_limit)) " over limit" }
                                }
                            }
                        }
                    }
                }
                @if page > 1 || more {
                    nav.pages aria-label="Pages of contracts" {
                        @if page > 1 { a.btn href={ (office.prefix()) "/?page=" (page - 1) } { "Previous contracts" } }
                        @if more { a.btn href={ (office.prefix()) "/?page=" (page + 1) } { "More contracts" } }
                    }
                }
            }
        }
    };
    let frame = PageFrame {
        prefix: office.prefix(),
        form_token: Some(&form_token),
        title: "Contracts".to_owned(),
        description: "Your contracts",
        account: Some(&account),
        contract: None,
        narrow: true,
        footer: Some(html! { p.grow { "Both sides of a contract see the same pages." } }),
    };
    Ok(Html(frame.around(&main).into_string()))
}

pub(super) async fn open_today(
    State(office): State<Arc<BackOffice>>,
    reader: SignedInAccount,
    Path(contract): Path<String>,
) -> Result<Response, PageError> {
    let opened = ContractPage::open(&office, reader, &contract).await?;
    let today = DisplayZone::named(&opened.account.zone).date(clock::now()).ok_or(PageError::Internal)?;
    Ok(Redirect::to(&format!("{}/contracts/{}/diary/{today}", office.prefix(), opened.contract.id))
        .into_response())
}
