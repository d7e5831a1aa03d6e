//! Answers requests about contracts: joining one, its terms, and what is recorded under it.

use std::sync::Arc;

use candor_diary::terms::Terms;
use candor_protocol::{
    AcceptNotice, Contract, GetNotice, GetPreview, GetTerms, Handle, ImportInvitation, NoticeAnswer, Preview,
    RequestError, SwitchContract,
};

use crate::contract::enrol::enrol;
use crate::contract::invitation;
use crate::contract::session::ContractSession;
use crate::control::dispatch::Connection;
use crate::control::preview;
use crate::segments::tracked::HaltKind;
use crate::settings;
use crate::tracker::{Absence, TrackerCommand};

impl Handle<SwitchContract> for Connection<'_> {
    async fn handle(&self, SwitchContract { contract }: SwitchContract) -> Result<(), RequestError> {
        self.call_off_starts();
        let sessions = self.sessions();
        let (old, new) = (sessions.current().await?, sessions.session(Some(&contract)).await?);
        if Arc::ptr_eq(&old, &new) {
            return Ok(());
        }
        let before = old.pipeline().await;
        let state = before.as_ref().map(|p| p.state()).unwrap_or_default();
        if state.since.is_some() {
            // First the new one: if its notice is not accepted, tracking goes on as it was.
            let next = new.ensure_pipeline().await?;
            if let Some(before) = before {
                before.halt(HaltKind::Stop).await?;
            }
            // Whoever paused goes on when they say so, under whichever contract. Where all time is typed in, nothing does.
            let tracks = new.enrolment.terms.tracks_time();
            if tracks && !matches!(state.absent, Some((Absence::Paused, _))) {
                // Under its own last memo: what is done for one client is not told to another.
                next.command(TrackerCommand::Start { memo: None, no_sign: state.no_sign }).await?;
                if state.stopping {
                    next.command(TrackerCommand::StopAtSegmentEnd).await?;
                }
            }
        }
        sessions.choose(new.shared.session_name.clone()).await;
        sessions.notify_all().await;
        Ok(())
    }
}

impl Handle<ImportInvitation> for Connection<'_> {
    async fn handle(
        &self,
        ImportInvitation { invitation, device_name }: ImportInvitation,
    ) -> Result<Contract, RequestError> {
        self.call_off_starts();
        let invitation = invitation::read(&invitation).map_err(RequestError::refused)?;
        let computer = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        let device = device_name.unwrap_or_else(computer);
        let folder = &self.context().folder;
        // Whatever may fail here fails before the code is used up.
        let preferences = settings::preferences(folder).map_err(RequestError::refused)?;
        let enrolment = enrol(folder, &invitation, &device, self.context().clock.now())
            .await
            .map_err(RequestError::refused)?;
        let place = folder
            .session(&enrolment.terms.contract, &enrolment.server_key)
            .map_err(RequestError::refused)?;
        let name = place.session_name(&enrolment);
        let session = match ContractSession::open(self.context(), place, &preferences).await {
            Ok(session) => Arc::new(session),
            Err(error) => {
                // Nothing goes on under terms that are no longer in force.
                if let Some(before) = self.sessions().get(&name).await {
                    before.stop().await;
                }
                return Err(error.into());
            }
        };
        let answer = session.contract().await;
        let tracks = self.sessions().tracking().await;
        // Not within the condition, where the lock would be held while a plugin takes its time.
        let before = self.sessions().add(Arc::clone(&session)).await;
        if let Some(before) = before {
            // Enrolled again: under the new terms nothing is recorded before their notice is accepted.
            before.stop().await;
            // If they are the same, what waits goes out under the new enrolment.
            if let Err(why) = session.ensure_pipeline().await {
                tracing::info!("{why}");
            }
        }
        // What tracks stays the current contract, in sight and in reach of Stop, until another is chosen.
        let current = tracks.filter(|tracks| *tracks != name).unwrap_or(name);
        self.sessions().choose(current).await;
        self.sessions().notify_all().await;
        Ok(answer)
    }
}

impl Handle<GetNotice> for Connection<'_> {
    async fn handle(&self, GetNotice { contract }: GetNotice) -> Result<NoticeAnswer, RequestError> {
        let session = self.sessions().session(contract.as_deref()).await?;
        let (_, notice, acceptance) = session.notice().await.map_err(RequestError::refused)?;
        Ok(NoticeAnswer {
            contract: session.enrolment.handle().to_owned(),
            digest: notice.digest(),
            text: notice.text,
            accepted: acceptance.is_some(),
        })
    }
}

impl Handle<AcceptNotice> for Connection<'_> {
    async fn handle(&self, AcceptNotice { contract, digest, by }: AcceptNotice) -> Result<(), RequestError> {
        let session = self.sessions().session(Some(&contract)).await?;
        session.accept(&digest, &by).await?;
        // If nothing tracks, what was read becomes the current contract. What tracks stays as it is: to accept is to
        // allow, and never starts anything.
        if self.sessions().tracking().await.is_none() {
            self.sessions().choose(session.shared.session_name.clone()).await;
        }
        self.sessions().notify_all().await;
        Ok(())
    }
}

impl Handle<GetPreview> for Connection<'_> {
    async fn handle(
        &self,
        GetPreview { contract, own_rules, max_width }: GetPreview,
    ) -> Result<Preview, RequestError> {
        let session = self.sessions().session(contract.as_deref()).await?;
        // It runs policies: on the plugins' runtime, as all plugins.
        let shown = self
            .context()
            .runtime
            .spawn(async move { preview::preview(&session, own_rules, max_width).await });
        shown.await.map_err(RequestError::refused)?
    }
}

impl Handle<GetTerms> for Connection<'_> {
    async fn handle(&self, GetTerms { contract }: GetTerms) -> Result<Terms, RequestError> {
        Ok(self.sessions().session(contract.as_deref()).await?.enrolment.terms.clone())
    }
}
