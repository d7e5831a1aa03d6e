//! The frame of every page: head, icons, bar, footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::form_token::FormToken;
use crate::store::{Role, StoredContract, UserAccount};
use crate::{access, limits};

/// Which page of a contract is open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ContractTab {
    Diary,
    Recorded,
}

/// A contract's bar: its menu of contracts and its pages.
pub(super) struct ContractBar<'a> {
    pub(super) open: &'a StoredContract,
    /// The first contracts of the reader, at most [`limits::CONTRACTS_ON_PAGE`].
    pub(super) menu: &'a [StoredContract],
    pub(super) tab: ContractTab,
}

/// What stands around a page's own part.
pub(super) struct PageFrame<'a> {
    /// What stands before every path: empty, or such as `/candor`.
    pub(super) prefix: &'a str,
    /// What the forms of the bar carry, if somebody is signed in.
    pub(super) form_token: Option<&'a FormToken>,
    pub(super) title: String,
    pub(super) description: &'a str,
    pub(super) account: Option<&'a UserAccount>,
    pub(super) contract: Option<ContractBar<'a>>,
    pub(super) footer: Option<Markup>,
    /// Whether the page's own part is narrow, and its footer with it.
    pub(super) narrow: bool,
}

impl PageFrame<'_> {
    /// Returns the whole page. `main` is the element `main` itself.
    pub(super) fn around(&self, main: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Candor" }
                    meta name="description" content=(self.description);
                    meta name="robots" content="noindex";
                    link rel="icon" href={ (self.prefix) "/assets/mark.svg" } type="image/svg+xml";
                    link rel="stylesheet" href={ (self.prefix) "/assets/candor.css" };
                    link rel="stylesheet" href={ (self.prefix) "/assets/backoffice.css" };
                }
                body {
                    (PreEscaped(SPRITE))
                    a.skip href="#main" { "Skip to content" }
                    (self.bar())
                    (main)
                    @if let Some(footer) = &self.footer {
                        footer.foot { div.wrap.narrow[self.narrow].plain { (footer) } }
                    }
                }
            }
        }
    }

    fn bar(&self) -> Markup {
        html! {
            header.top {
                div.wrap {
                    a.brand href={ (self.prefix) "/" } { (PreEscaped(MARK)) span { "Candor" } }
                    @if let (Some(bar), Some(account)) = (&self.contract, self.account) {
                        (contract_menu(self.prefix, bar, account))
                        nav aria-label="Contract pages" {
                            a href={ (self.prefix) "/contracts/" (bar.open.id) "/diary" }
                                aria-current=[(bar.tab == ContractTab::Diary).then_some("page")] { "Work Diary" }
                            a href={ (self.prefix) "/contracts/" (bar.open.id) "/recorded" }
                                aria-current=[(bar.tab == ContractTab::Recorded).then_some("page")] { "What is recorded" }
                        }
                    } @else {
                        span.grow {}
                    }
                    @if let Some(account) = self.account { (self.account_menu(account)) }
                }
            }
        }
    }

    fn account_menu(&self, account: &UserAccount) -> Markup {
        let initials: String =
            account.name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect();
        html! {
            details class="menu end" {
                summary {
                    span.vh { "Account: " }
                    span.name { (account.name) " " span.who { (account.role.word()) } }
                    span.short aria-hidden="true" { (initials) }
                    (icon("down"))
                }
                div.sheet {
                    a href={ (self.prefix) "/" } { "Contracts" }
                    a href={ (self.prefix) "/account" } { "Account" }
                    form method="post" action={ (self.prefix) "/sign-out" } {
                        @if let Some(token) = self.form_token { (token.field()) }
                        button type="submit" { "Sign out" }
                    }
                }
            }
        }
    }
}

fn contract_menu(prefix: &str, bar: &ContractBar<'_>, account: &UserAccount) -> Markup {
    html! {
        details class="menu outlined" {
            summary {
                span.vh { "Contract: " }
                span { (bar.open.terms.title) " " span.who { (other_name(bar.open, account)) } }
                (icon("down"))
            }
            div.sheet {
                @for contract in bar.menu {
                    a href={ (prefix) "/contracts/" (contract.id) "/diary" }
                        aria-current=[(contract.id == bar.open.id).then_some("true")] {
                        span { (contract.terms.title) }
                        span.faint { (other_name(contract, account)) }
                    }
                }
                @if bar.menu.len() == limits::CONTRACTS_ON_PAGE as usize { a href={ (prefix) "/" } { "All contracts" } }
            }
        }
    }
}

/// Returns the name of the other side, as the terms have it.
pub(super) fn other_name<'a>(contract: &'a StoredContract, account: &UserAccount) -> &'a str {
    match access::side_of(contract, account) {
        Some(Role::Client) => &contract.terms.worker,
        _ => &contract.terms.client,
    }
}

/// An icon of the sprite; always beside a word.
pub(super) fn icon(name: &str) -> Markup {
    html! { svg.i aria-hidden="true" { use href={ "#i-" (name) } {} } }
}

const MARK: &str = r#"<svg viewBox="0 0 18 18" aria-hidden="true"><circle cx="9" cy="9" r="7.25" fill="none" stroke="currentColor" stroke-width="1.5"/><circle cx="9" cy="9" r="3.5" fill="currentColor"/></svg>"#;

const SPRITE: &str = r#"<svg width="0" height="0" class="vh" aria-hidden="true" focusable="false">
<symbol id="i-left" viewBox="0 0 16 16"><path d="m10 3.5-4.5 4.5L10 12.5"/></symbol>
<symbol id="i-right" viewBox="0 0 16 16"><path d="m6 3.5 4.5 4.5L6 12.5"/></symbol>
<symbol id="i-down" viewBox="0 0 16 16"><path d="m4 6 4 4 4-4"/></symbol>
<symbol id="i-pencil" viewBox="0 0 16 16"><path d="M3 13v-2.5l7.5-7.5 2.5 2.5L5.5 13H3Z"/></symbol>
<symbol id="i-trash" viewBox="0 0 16 16"><path d="M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9"/></symbol>
<symbol id="i-tag" viewBox="0 0 16 16"><path d="M2.5 2.5h5l6 6-5 5-6-6v-5Z"/><path d="M5.5 5.5h.01"/></symbol>
<symbol id="i-nopic" viewBox="0 0 16 16"><path d="M2.5 3.5h11v9h-11zM2.5 12.5l11-9"/></symbol>
<symbol id="i-check" viewBox="0 0 16 16"><path d="m3.5 8.5 3 3 6-7"/></symbol>
<symbol id="i-rule" viewBox="0 0 16 16"><path d="M8 2 3 4v4c0 3 2 5 5 6 3-1 5-3 5-6V4L8 2Z"/></symbol>
<symbol id="i-block" viewBox="0 0 16 16"><path d="M3 5h10v6H3z" fill="currentColor"/></symbol>
<symbol id="i-alert" viewBox="0 0 16 16"><path d="M8 2.5 2.5 13h11L8 2.5ZM8 6.5v3M8 11.2h.01"/></symbol>
<symbol id="i-x" viewBox="0 0 16 16"><path d="m4 4 8 8M12 4l-8 8"/></symbol>
<symbol id="i-limit" viewBox="0 0 16 16"><path d="M2.5 3.5h11M8 13V6.5M5 9.5l3-3 3 3"/></symbol>
<symbol id="i-blind" viewBox="0 0 16 16"><path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Z"/><circle cx="8" cy="8" r="2"/><path d="m2.5 13.5 11-11"/></symbol>
<symbol id="i-eye" viewBox="0 0 16 16"><path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Z"/><circle cx="8" cy="8" r="2"/></symbol>
<symbol id="i-clock" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.5"/><path d="M8 5v3l2 1.5"/></symbol>
<symbol id="i-screen" viewBox="0 0 16 16"><path d="M2 3h12v8H2zM6 13.5h4"/></symbol>
<symbol id="i-camera" viewBox="0 0 16 16"><path d="M2 5h3l1-1.5h4L11 5h3v7.5H2z"/><circle cx="8" cy="8.5" r="2.2"/></symbol>
<symbol id="i-doc" viewBox="0 0 16 16"><path d="M4 2h5l3 3v9H4zM9 2v3h3"/></symbol>
<symbol id="i-lock" viewBox="0 0 16 16"><path d="M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5"/></symbol>
<symbol id="i-unbilled" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.5"/><path d="m4.1 11.9 7.8-7.8"/></symbol>
<pattern id="dash" width="6" height="8" patternUnits="userSpaceOnUse"><rect class="f-manual" width="4" height="8"/></pattern>
</svg>"#;
