//! Windows, screen, camera, activity: what the guard lets through.

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::candor::plugin::types::Denied as WitDenied;
use crate::bindings::candor::plugin::{activity, camera, screen, windows};
use crate::handles::FrameHandle;
use crate::host_traits::GuardedSensors;
use crate::instance::InstanceState;
use crate::model::{Denied, FrameView};

impl InstanceState {
    fn sensors(&self) -> Result<Arc<dyn GuardedSensors>, Denied> {
        self.hosts.sensors.clone().ok_or_else(|| Denied::Unavailable("there are no sensors here".to_owned()))
    }

    fn may_hold_another(&self) -> Result<(), Denied> {
        if self.frames < self.hosts.limits.frames { Ok(()) } else { Err(Denied::TooMany) }
    }

    fn hold(&mut self, frame: Arc<dyn FrameView>) -> wasmtime::Result<Resource<FrameHandle>> {
        let handle = self.table.push(FrameHandle(frame))?;
        self.frames += 1;
        Ok(handle)
    }
}

impl windows::Host for InstanceState {
    async fn current(&mut self) -> wasmtime::Result<Result<windows::Layout, WitDenied>> {
        let layout = match self.sensors() {
            Ok(sensors) => sensors.windows().await,
            Err(denied) => Err(denied),
        };
        Ok(match layout {
            Ok(layout) => {
                let shown = windows::Layout::from(layout.layout());
                self.layout = Some(layout);
                Ok(shown)
            }
            Err(denied) => Err(denied.into()),
        })
    }
}

impl screen::Host for InstanceState {
    async fn capture(
        &mut self,
        scope: screen::Scope,
    ) -> wasmtime::Result<Result<Resource<FrameHandle>, WitDenied>> {
        let taken = match self.may_hold_another().and_then(|()| self.sensors()) {
            Ok(sensors) => sensors.screen(scope.into()).await,
            Err(denied) => Err(denied),
        };
        match taken {
            Ok(frame) => {
                self.denied = None;
                Ok(Ok(self.hold(frame)?))
            }
            Err(denied) => {
                self.denied = Some(denied.clone());
                Ok(Err(denied.into()))
            }
        }
    }
}

impl camera::Host for InstanceState {
    async fn capture(&mut self) -> wasmtime::Result<Result<Resource<FrameHandle>, WitDenied>> {
        let taken = match self.may_hold_another().and_then(|()| self.sensors()) {
            Ok(sensors) => sensors.camera().await,
            Err(denied) => Err(denied),
        };
        match taken {
            Ok(frame) => Ok(Ok(self.hold(frame)?)),
            Err(denied) => Ok(Err(denied.into())),
        }
    }
}

impl activity::Host for InstanceState {
    async fn minute_at(
        &mut self,
        start: u64,
    ) -> wasmtime::Result<Result<Option<activity::Minute>, WitDenied>> {
        let minute = match self.sensors() {
            Ok(sensors) => sensors.minute(start).await,
            Err(denied) => Err(denied),
        };
        Ok(minute.map(|minute| minute.map(Into::into)).map_err(Into::into))
    }
}
