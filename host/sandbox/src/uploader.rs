//! A running uploader.

use std::sync::Arc;

use candor_diary::plain_id::PlainId;
use wasmtime::component::{InstancePre, Resource};

use crate::bindings::exports::candor::plugin::delivering;
use crate::engine::Ticker;
use crate::failure::Failure;
use crate::handles::AttachmentHandle;
use crate::host_traits::AttachmentSource;
use crate::instance::InstanceState;
use crate::log::PluginLogLine;
use crate::model::{DeliveryFailure, ParcelToDeliver};
use crate::plugin_hosts::PluginHosts;
use crate::refusal::Refusal;
use crate::supervise::Supervised;
use crate::text::cut;

/// An uploader that runs.
pub struct Uploader {
    plugin: Supervised<delivering::Guest>,
}

impl Uploader {
    pub(crate) async fn start(
        name: &str,
        pre: InstancePre<InstanceState>,
        settings: &str,
        hosts: Arc<PluginHosts>,
        ticker: Arc<Ticker>,
    ) -> Result<Self, Refusal> {
        Ok(Self { plugin: Supervised::start(name, pre, settings, hosts, ticker).await? })
    }

    /// Delivers a parcel, within [`Limits::uploader`](crate::Limits::uploader). The inner result is the plugin's answer: the
    /// proof that the target gave, not yet checked, or why the target does not have the parcel.
    ///
    /// # Errors
    /// A [`Failure`] of the plugin: whether the target has the parcel is not known, so deliver it again.
    pub async fn deliver(
        &mut self,
        parcel: ParcelToDeliver,
        attachments: Vec<Arc<dyn AttachmentSource>>,
    ) -> Result<Result<Vec<u8>, DeliveryFailure>, Failure> {
        let limits = Arc::clone(&self.plugin.hosts.limits);
        if attachments.len() > limits.attachments {
            return Ok(Err(DeliveryFailure::Rejected("too-many-attachments".to_owned())));
        }
        let parcel = delivering::Parcel::from(parcel);
        let (answer, leaked) = self
            .plugin
            .call(limits.uploader, move |store, guest| {
                Box::pin(async move {
                    let mut handles = Vec::new();
                    for source in attachments {
                        handles.push(store.data_mut().table.push(AttachmentHandle(source))?);
                    }
                    let named: Vec<u32> = handles.iter().map(Resource::rep).collect();
                    let answer = guest.call_deliver(&mut *store, &parcel, &handles).await?;
                    let table = &store.data().table;
                    let leaked = named
                        .iter()
                        .any(|rep| table.get(&Resource::<AttachmentHandle>::new_borrow(*rep)).is_ok());
                    Ok((answer, leaked))
                })
            })
            .await?;
        // A handle that it kept must not lead to the next parcel's attachments.
        if leaked {
            self.plugin.drop_instance();
        }
        match answer {
            Ok(receipt) if receipt.proof.len() > limits.proof => {
                let text = format!("its proof is longer than {} bytes", limits.proof);
                Err(self.plugin.record_failure(Failure::Misbehaved(text)))
            }
            Ok(receipt) => Ok(Ok(receipt.proof)),
            Err(delivering::Failure::Rejected(code) | delivering::Failure::AttachmentRejected(code))
                if !PlainId::is_plain(&code) =>
            {
                let text = "its code of rejection is not 1 to 64 of a-z, 0-9 and `-`".to_owned();
                Err(self.plugin.record_failure(Failure::Misbehaved(text)))
            }
            Err(delivering::Failure::Later(mut later)) => {
                later.reason = cut(&later.reason, limits.text).to_owned();
                Ok(Err(delivering::Failure::Later(later).into()))
            }
            Err(failure) => Ok(Err(failure.into())),
        }
    }

    /// Returns its log, oldest line first.
    #[must_use]
    pub fn log(&self) -> Vec<PluginLogLine> {
        self.plugin.hosts.log.lines()
    }
}
