//! The generated bindings. Nothing in here is an author's to see: the other modules wrap all of it.
//!
//! The imports are one world, and each exported interface is a world of its own, because a macro that exports an
//! interface can be generated once per crate only, and a collector and a feed share theirs. `wit-component` unites what a
//! plugin really uses and drops every import that no code refers to: a plugin asks for no more than it calls
//! (invariant 10).
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated; calls across the component boundary are unsafe by nature"
)]

pub mod imports {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package candor:sdk-imports;
            world sdk-imports {
                import candor:plugin/types@0.1.0;
                import candor:plugin/log@0.1.0;
                import candor:plugin/store@0.1.0;
                import candor:plugin/clock@0.1.0;
                import candor:plugin/random@0.1.0;
                import candor:plugin/frames@0.1.0;
                import candor:plugin/pixels@0.1.0;
                import candor:plugin/windows@0.1.0;
                import candor:plugin/screen@0.1.0;
                import candor:plugin/camera@0.1.0;
                import candor:plugin/activity@0.1.0;
                import candor:plugin/observations@0.1.0;
                import candor:plugin/scenes@0.1.0;
                import candor:plugin/attachments@0.1.0;
                import candor:plugin/http@0.1.0;
                import candor:plugin/folder@0.1.0;
            }
        ",
        generate_all,
    });
    pub use candor::plugin::*;
}

pub mod setup {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package candor:sdk-setup; world sdk-setup { export candor:plugin/setup@0.1.0; }",
        pub_export_macro: true,
        export_macro_name: "export_setup",
    });
    pub use exports::candor::plugin::setup::*;
}

pub mod collecting {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package candor:sdk-collecting; world sdk-collecting { export candor:plugin/collecting@0.1.0; }",
        with: { "candor:plugin/types@0.1.0": crate::bindings::imports::types },
        pub_export_macro: true,
        export_macro_name: "export_collecting",
    });
    pub use exports::candor::plugin::collecting::*;
}

pub mod judging {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package candor:sdk-judging; world sdk-judging { export candor:plugin/judging@0.1.0; }",
        with: {
            "candor:plugin/types@0.1.0": crate::bindings::imports::types,
            "candor:plugin/frames@0.1.0": crate::bindings::imports::frames,
            "candor:plugin/scenes@0.1.0": crate::bindings::imports::scenes,
        },
        pub_export_macro: true,
        export_macro_name: "export_judging",
    });
    pub use exports::candor::plugin::judging::*;
}

pub mod delivering {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package candor:sdk-delivering; world sdk-delivering { export candor:plugin/delivering@0.1.0; }",
        with: {
            "candor:plugin/types@0.1.0": crate::bindings::imports::types,
            "candor:plugin/attachments@0.1.0": crate::bindings::imports::attachments,
        },
        pub_export_macro: true,
        export_macro_name: "export_delivering",
    });
    pub use exports::candor::plugin::delivering::*;
}
