//! Answers requests about what the worker chooses: preferences and own rules.

use std::sync::atomic::Ordering;

use candor_protocol::{
    GetOwnRules, GetPreferences, Handle, OwnRule, Preferences, RequestError, RequestErrorKind, SetOwnRules,
    SetPreferences,
};

use crate::contract::sessions::Sessions;
use crate::control::dispatch::Connection;
use crate::plugins::library::Library;
use crate::plugins::open::sandbox;
use crate::plugins::own_rules::OwnRulesState;
use crate::settings;

impl Handle<GetPreferences> for Connection<'_> {
    async fn handle(&self, GetPreferences: GetPreferences) -> Result<Preferences, RequestError> {
        settings::preferences(&self.context().folder).map_err(RequestError::refused)
    }
}

impl Handle<SetPreferences> for Connection<'_> {
    async fn handle(&self, SetPreferences { preferences }: SetPreferences) -> Result<(), RequestError> {
        settings::keep_preferences(&self.context().folder, &preferences).map_err(RequestError::refused)?;
        apply_preferences(self.sessions(), &preferences).await;
        // A window that is open shows what was set elsewhere.
        self.sessions().notify_all().await;
        Ok(())
    }
}

impl Handle<GetOwnRules> for Connection<'_> {
    async fn handle(&self, GetOwnRules: GetOwnRules) -> Result<Vec<OwnRule>, RequestError> {
        let unreadable = |why| RequestError::new(RequestErrorKind::Unreadable, why);
        self.context().own_rules.listed().map_err(unreadable)
    }
}

impl Handle<SetOwnRules> for Connection<'_> {
    async fn handle(&self, SetOwnRules { rules }: SetOwnRules) -> Result<(), RequestError> {
        let settings = settings::own_settings(&rules).map_err(RequestError::refused)?;
        let context = self.context();
        let _turn = self.own_rules_lock().lock().await;
        // Whatever may be refused is refused before anything changes.
        let sessions = self.sessions().all().await;
        let mut loaded = Vec::new();
        for session in &sessions {
            loaded.push(session.load_own_rules(settings.as_ref()).await?);
        }
        if let (Some(settings), true) = (&settings, sessions.is_empty()) {
            let sandbox = sandbox(&context.folder, &context.compiler).map_err(RequestError::refused)?;
            let library = Library { sandbox: &sandbox, folder: &context.plugins };
            library.own_rules(settings.clone()).await?;
        }
        // First in force, in every session, then kept: a rule that is listed is never one that pictures do not obey.
        context.own_rules.set(OwnRulesState::Set(settings.clone()));
        for (session, own) in sessions.iter().zip(loaded) {
            session.set_own_rules(own).await;
        }
        if let Err(error) = OwnRulesState::keep(&context.folder, settings.as_ref()) {
            let why = OwnRulesState::not_kept(&context.folder, &error);
            context.own_rules.set(OwnRulesState::Broken(why.clone()));
            for session in &sessions {
                session.fail_own_rules(&why).await;
            }
            return Err(why.into());
        }
        self.sessions().notify_all().await;
        Ok(())
    }
}

/// Puts preferences in force in every session.
pub(crate) async fn apply_preferences(sessions: &Sessions, preferences: &Preferences) {
    let used = sessions.context().disk_bytes.load(Ordering::Acquire) >= preferences.disk_limit;
    for session in sessions.all().await {
        session.apply_preferences(preferences, used).await;
        let full = "the disk space for pictures is used up, so no pictures are taken. Your time is still tracked. Remove what you do not need, or allow more in Preferences";
        session.shared.set_problem("disk", used.then(|| full.to_owned()));
    }
}
