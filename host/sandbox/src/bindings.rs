//! What `bindgen!` makes of `wit/`. One synthetic world holds every interface, so that each type exists once; which of
//! them a plugin is linked with is decided in `link.rs`, interface by interface.

#![allow(missing_docs, reason = "generated code; the WIT files document every item")]
#![allow(unreachable_pub, reason = "generated code")]
#![allow(unsafe_code, reason = "generated code: typed calls of exports whose types were checked")]
#![allow(unused_variables, reason = "generated code for interfaces without functions")]

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package candor:host;

        world everything {
            import candor:plugin/types@0.1.0;
            import candor:plugin/frames@0.1.0;
            import candor:plugin/scenes@0.1.0;
            import candor:plugin/attachments@0.1.0;
            import candor:plugin/log@0.1.0;
            import candor:plugin/store@0.1.0;
            import candor:plugin/clock@0.1.0;
            import candor:plugin/random@0.1.0;
            import candor:plugin/windows@0.1.0;
            import candor:plugin/activity@0.1.0;
            import candor:plugin/screen@0.1.0;
            import candor:plugin/camera@0.1.0;
            import candor:plugin/pixels@0.1.0;
            import candor:plugin/observations@0.1.0;
            import candor:plugin/http@0.1.0;
            import candor:plugin/folder@0.1.0;

            export candor:plugin/setup@0.1.0;
            export candor:plugin/collecting@0.1.0;
            export candor:plugin/judging@0.1.0;
            export candor:plugin/delivering@0.1.0;
        }
    ",
    world: "candor:host/everything",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "candor:plugin/frames.frame": crate::handles::FrameHandle,
        "candor:plugin/scenes.scene": crate::handles::SceneHandle,
        "candor:plugin/attachments.attachment": crate::handles::AttachmentHandle,
    },
});
