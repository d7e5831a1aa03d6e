//! The window's loop if there is no graphics card: the same program, painted with the processor into the display's
//! memory. OpenGL without a card takes four times the memory, and paints all of the window each time.

pub(super) mod raster;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use eframe::egui;
use egui::{
    Context, FullOutput, Ui, ViewportBuilder, ViewportCommand, ViewportEvent, ViewportId, ViewportInfo,
};
use egui_winit::accesskit_winit;
use raster::Raster;
use winit::application::ApplicationHandler;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy, OwnedDisplayHandle};
use winit::window::{Window, WindowId};

/// What the window runs: as eframe's `App`, without a frame of its own.
pub(super) trait WindowProgram {
    /// Takes what happened, and asks the toolkit for what the window is to do.
    fn logic(&mut self, ctx: &Context);
    /// Lays out the window.
    fn ui(&mut self, ui: &mut Ui);
    /// The window has closed.
    fn closed(&mut self);
}

/// Returns whether there is a graphics card that may be used.
pub(super) fn has_graphics_card() -> bool {
    let usable = |path: &std::path::Path| std::fs::File::options().read(true).write(true).open(path).is_ok();
    let rendering = std::fs::read_dir("/dev/dri")
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("renderD") && usable(&entry.path()));
    rendering || usable(std::path::Path::new("/dev/nvidiactl"))
}

/// Opens the window and runs its program until it is closed. The program is made once there is a context.
///
/// # Errors
/// If no window can be opened.
pub(super) fn run<P: WindowProgram>(
    builder: ViewportBuilder,
    make: impl FnOnce(&Context) -> P,
) -> Result<()> {
    let events = EventLoop::<LoopEvent>::with_user_event().build().context("there is no display")?;
    let ctx = Context::default();
    ctx.set_embed_viewports(false);
    // As in eframe: a page may be laid out twice if its size was not known.
    ctx.options_mut(|options| options.max_passes = NonZeroUsize::MIN.saturating_add(1));
    let waker = events.create_proxy();
    ctx.set_request_repaint_callback(move |info| {
        if let Some(at) = Instant::now().checked_add(info.delay) {
            // Without a loop there is nothing to repaint.
            let _gone = waker.send_event(LoopEvent::Repaint(at));
        }
    });
    let proxy = events.create_proxy();
    let mut running = EventLoopState {
        ctx,
        builder,
        make: Some(make),
        proxy,
        screen: None,
        repaint_at: None,
        failed: None,
    };
    events.run_app(&mut running)?;
    running.failed.map_or(Ok(()), Err)
}

#[derive(Debug)]
enum LoopEvent {
    Repaint(Instant),
    Accesskit(accesskit_winit::Event),
}

impl From<accesskit_winit::Event> for LoopEvent {
    fn from(event: accesskit_winit::Event) -> Self {
        Self::Accesskit(event)
    }
}

struct EventLoopState<P, M> {
    ctx: Context,
    builder: ViewportBuilder,
    make: Option<M>,
    proxy: EventLoopProxy<LoopEvent>,
    screen: Option<PaintedWindow<P>>,
    repaint_at: Option<Instant>,
    failed: Option<anyhow::Error>,
}

/// The window, and what paints it.
struct PaintedWindow<P> {
    window: Arc<Window>,
    state: egui_winit::State,
    surface: softbuffer::Surface<OwnedDisplayHandle, Arc<Window>>,
    raster: Raster,
    info: ViewportInfo,
    program: P,
}

impl<P: WindowProgram, M: FnOnce(&Context) -> P> EventLoopState<P, M> {
    fn open(&mut self, events: &ActiveEventLoop) -> Result<()> {
        let Some(make) = self.make.take() else { return Ok(()) };
        // Screen readers are told of it before it shows.
        let hidden = self.builder.clone().with_visible(false);
        let window = Arc::new(egui_winit::create_window(&self.ctx, events, &hidden)?);
        let scale = Some(window.scale_factor() as f32);
        let mut state =
            egui_winit::State::new(self.ctx.clone(), ViewportId::ROOT, events, scale, window.theme(), None);
        state.init_accesskit(events, &window, self.proxy.clone());
        let mut info = ViewportInfo::default();
        egui_winit::update_viewport_info(&mut info, &self.ctx, &window, true);
        let wrong = |error: softbuffer::SoftBufferError| anyhow!("the display takes no pixels: {error}");
        let context = softbuffer::Context::new(events.owned_display_handle()).map_err(wrong)?;
        let surface = softbuffer::Surface::new(&context, Arc::clone(&window)).map_err(wrong)?;
        let program = make(&self.ctx);
        let mut screen = PaintedWindow { window, state, surface, raster: Raster::default(), info, program };
        screen.pass(events, &self.ctx)?;
        screen.window.set_visible(true);
        self.screen = Some(screen);
        Ok(())
    }

    fn redraw(&mut self, events: &ActiveEventLoop) {
        let Some(screen) = &mut self.screen else { return };
        match screen.pass(events, &self.ctx) {
            Ok(true) => {}
            Ok(false) => {
                screen.program.closed();
                self.screen = None;
                events.exit();
            }
            Err(error) => {
                self.failed = Some(error);
                events.exit();
            }
        }
    }
}

impl<P: WindowProgram> PaintedWindow<P> {
    /// One pass: takes what happened, lays out, and paints what changed. Returns whether the window goes on.
    fn pass(&mut self, events: &ActiveEventLoop, ctx: &Context) -> Result<bool> {
        egui_winit::update_viewport_info(&mut self.info, ctx, &self.window, false);
        let mut input = self.state.take_egui_input(&self.window);
        input.viewports = std::iter::once((ViewportId::ROOT, self.info.clone())).collect();
        let close = self.info.close_requested();
        self.info.events.clear();
        let program = &mut self.program;
        let output = ctx.run_ui(input, |ui| {
            program.logic(ui.ctx());
            program.ui(ui);
        });
        let FullOutput { platform_output, mut textures_delta, shapes, pixels_per_point, viewport_output } =
            output;
        self.state.handle_platform_output_with_event_loop(&self.window, events, platform_output);
        self.raster.take(&textures_delta);
        let painted = self.paint(ctx, shapes, pixels_per_point);
        self.raster.free(&textures_delta);
        textures_delta.clear();
        painted?;
        let commands: Vec<ViewportCommand> =
            viewport_output.into_values().flat_map(|viewport| viewport.commands).collect();
        let cancelled = commands.contains(&ViewportCommand::CancelClose);
        egui_winit::process_viewport_commands(ctx, &mut self.info, commands, &self.window, &mut Vec::new());
        if self.info.close_requested() {
            // A close request of the program reaches it in the same way as one of the person.
            self.window.request_redraw();
        }
        Ok(!close || cancelled)
    }

    fn paint(&mut self, ctx: &Context, shapes: Vec<egui::epaint::ClippedShape>, scale: f32) -> Result<()> {
        let size = self.window.inner_size();
        let (Some(width), Some(height)) = (NonZeroU32::new(size.width), NonZeroU32::new(size.height)) else {
            return Ok(());
        };
        let wrong = |error: softbuffer::SoftBufferError| anyhow!("the window could not be painted: {error}");
        self.surface.resize(width, height).map_err(wrong)?;
        let mut buffer = self.surface.buffer_mut().map_err(wrong)?;
        if buffer.age() != 1 {
            self.raster.forget();
        }
        let size = [size.width as usize, size.height as usize];
        self.raster.show(ctx, shapes, scale, size, &mut buffer);
        // All of it, although little changed: the display may have asked for what another window hid.
        buffer.present().map_err(wrong)
    }
}

impl<P: WindowProgram, M: FnOnce(&Context) -> P> ApplicationHandler<LoopEvent> for EventLoopState<P, M> {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if let Err(error) = self.open(events) {
            self.failed = Some(error);
            events.exit();
        }
    }

    fn user_event(&mut self, _: &ActiveEventLoop, event: LoopEvent) {
        match event {
            LoopEvent::Repaint(at) => {
                self.repaint_at = Some(self.repaint_at.map_or(at, |before| before.min(at)))
            }
            LoopEvent::Accesskit(event) => {
                let Some(screen) = &mut self.screen else { return };
                match event.window_event {
                    accesskit_winit::WindowEvent::InitialTreeRequested => self.ctx.enable_accesskit(),
                    accesskit_winit::WindowEvent::ActionRequested(request) => {
                        screen.state.on_accesskit_action_request(request);
                    }
                    accesskit_winit::WindowEvent::AccessibilityDeactivated => {
                        self.ctx.disable_accesskit();
                        return;
                    }
                }
                screen.window.request_redraw();
            }
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some(screen) = &mut self.screen else { return };
        match event {
            WindowEvent::RedrawRequested => self.redraw(events),
            WindowEvent::CloseRequested => {
                screen.info.events.push(ViewportEvent::Close);
                screen.window.request_redraw();
            }
            event => {
                if screen.state.on_window_event(&screen.window, &event).repaint {
                    screen.window.request_redraw();
                }
            }
        }
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        /// Sooner than this nothing is painted again: a display shows no more.
        const FRAME: Duration = Duration::from_millis(8);
        let Some(screen) = &self.screen else { return };
        match self.repaint_at {
            Some(at) if at <= Instant::now() + FRAME => {
                self.repaint_at = None;
                screen.window.request_redraw();
                events.set_control_flow(ControlFlow::Wait);
            }
            Some(at) => events.set_control_flow(ControlFlow::WaitUntil(at)),
            None => events.set_control_flow(ControlFlow::Wait),
        }
    }
}
