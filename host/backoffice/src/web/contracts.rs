//! The list of contracts, and the way to a contract's day of today.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use candor_diary::plain;
use candor_diary::text::DisplayZone;
use maud::html;

use super::contract_page::ContractPage;
use super::error::PageError;
use super::layout::{PageFrame, other_name};
use super::session::SignedInAccount;
use crate::access;
use crate::back_office::BackOffice;
use crate::billed::bill_current_week;
use crate::clock;

pub(super) async fn list_contracts(
    State(office): State<Arc<BackOffice>>,
    SignedInAccount(account): SignedInAccount,
) -> Result<Html<String>, PageError> {
    let (now, zone) = (clock::now(), DisplayZone::named(&account.zone));
    let today = zone.date(now).ok_or(PageError::Internal)?;
    let mut rows = Vec::new();
    for contract in access::visible_contracts(&office.store, &account).await? {
        let week = bill_current_week(&office.store, &contract, now).await?;
        let newest = office.store.newest_parcel(&contract.id).await?.map(|newest| newest.received_at);
        rows.push((contract, week, newest));
    }
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
                            a href={ "/contracts/" (contract.id) "/diary" } {
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
            }
        }
    };
    let frame = PageFrame {
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
    SignedInAccount(account): SignedInAccount,
    Path(contract): Path<String>,
) -> Result<Response, PageError> {
    let opened = ContractPage::open(&office, account, &contract).await?;
    let today = DisplayZone::named(&opened.account.zone).date(clock::now()).ok_or(PageError::Internal)?;
    Ok(Redirect::to(&format!("/contracts/{}/diary/{today}", opened.contract.id)).into_response())
}
