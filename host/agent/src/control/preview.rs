//! What the screen would look like to the client right now. Nothing of it is kept: the picture goes from the guard to
//! whoever asked, and is wiped.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor_protocol::{OwnRule, Picture, Preview, RequestError};
use candor_sandbox::model::{Denied, Scope};

use crate::contract::session::ContractSession;
use crate::guard::judgement::{Judge, Policies};
use crate::guard::picture::encode_small;
use crate::guard::{Guard, NoPicture};
use crate::plugins::hosts::no_snapshot;
use crate::plugins::library::{Library, Plugins};
use crate::plugins::open::sandbox;
use crate::plugins::own_rules::OwnRulesState;
use crate::settings;

/// Takes a picture as the pipeline would, under the terms' policy and these own rules.
pub(crate) async fn preview(
    session: &ContractSession,
    own_rules: Option<Vec<OwnRule>>,
    max_width: u32,
) -> Result<Preview, RequestError> {
    let context = &session.context;
    let desktop = context.desktop.as_ref().map_err(|why| format!("there is nothing to see: {why}"))?;
    let own = match own_rules {
        Some(rules) => OwnRulesState::Set(settings::own_settings(&rules).map_err(RequestError::refused)?),
        None => context.own_rules.now(),
    };
    let sandbox = sandbox(&context.folder, &context.compiler).map_err(RequestError::refused)?;
    let library = Library { sandbox: &sandbox, folder: &context.plugins };
    if let OwnRulesState::Set(Some(own)) = &own {
        // A bad rule is refused with its place; a picture without it would not be what the client sees.
        library.own_rules(own.clone()).await?;
    }
    let Plugins { policy, own, own_problem, .. } = library.open(&session.enrolment.terms, own).await;
    let looks_in = policy.as_ref().filter(|p| !p.grants.capabilities.is_empty()).map(|p| p.sha256.clone());
    if let Some(sha256) = looks_in {
        let (.., acceptance) = session.notice().await.map_err(RequestError::refused)?;
        if !acceptance.is_some_and(|a| a.grants.values().any(|granted| granted.sha256 == sha256)) {
            return Err("the client's policy looks into pictures, and you have not allowed it: read and accept the notice \
                        first"
                .into());
        }
    }
    let boxed = |p| Box::new(p) as Box<dyn Judge>;
    let mut policies = Policies::new(policy.map(|p| boxed(p.policy)), own.map(boxed));
    if own_problem.is_some() {
        policies.set_own_failed();
    }
    let guard = Guard::new(Arc::clone(desktop), policies, Arc::clone(&context.clock));
    if let Some(program) = &context.own_program {
        guard.set_own_program(program.clone());
    }
    guard.set_active_monitor_only(session.shared.choices().active_monitor_only);
    let masked = match guard.picture(Scope::Desktop).await {
        Ok(masked) => masked,
        Err(why) => return Ok(nothing(why)),
    };
    let rules = guard.rules().await;
    let own_words = masked.own_words().to_vec();
    let own_index = rules.len().saturating_sub(1);
    let width = max_width.clamp(64, 4_096);
    let encoded = tokio::task::spawn_blocking(move || encode_small(&masked, width)).await;
    let (bytes, redactions) = encoded.map_err(RequestError::refused)?.map_err(RequestError::refused)?;
    let mut by: Vec<u32> = redactions.iter().filter_map(|r| r.rule).collect();
    by.sort_unstable();
    by.dedup();
    Ok(Preview {
        picture: Some(Picture { media_type: "image/webp".into(), base64: STANDARD.encode(bytes) }),
        redactions,
        covered_by: by
            .into_iter()
            .map(|rule| rule as usize)
            .filter(|rule| *rule != own_index)
            .filter_map(|rule| rules.get(rule).cloned())
            .chain(own_words)
            .collect(),
        no_picture_sentence: None,
    })
}

fn nothing(why: NoPicture) -> Preview {
    let sentence = match why {
        NoPicture::Blank => Some(candor_diary::parcel::NoSnapshot::ScreenBlank.sentence()),
        NoPicture::Denied(Denied::NotTracking) => None,
        NoPicture::Denied(denied) => no_snapshot(denied).map(|why| why.sentence()),
    };
    let sentence = sentence.unwrap_or("No picture: nothing is tracked").to_owned();
    Preview {
        picture: None,
        redactions: Vec::new(),
        covered_by: Vec::new(),
        no_picture_sentence: Some(sentence),
    }
}
