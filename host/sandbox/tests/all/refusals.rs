//! What is refused before it runs, and in which words. Authors and workers read these words.

use candor_sandbox::{Capability, ComponentKind, Grants, HttpGrant, Refusal, describe};
use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentTypeRef,
    ComponentTypeSection, InstanceType,
};

use crate::support::{World, collector, guest, patient, prepare, sandbox, sensors_granted};

/// A component that has these names and nothing behind them: enough to be described.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    let mut import_section = ComponentImportSection::new();
    import_section.import("wasi:cli/environment@0.2.0", ComponentTypeRef::Instance(0));
    for import in imports {
        import_section.import(*import, ComponentTypeRef::Instance(0));
    }
    let mut export_section = ComponentExportSection::new();
    for export in exports {
        export_section.export(*export, ComponentExportKind::Instance, 0, None);
    }
    let mut component = Component::new();
    component.section(&types).section(&import_section).section(&export_section);
    component.finish()
}

const SETUP: &str = "candor:plugin/setup@0.1.0";
const COLLECTING: &str = "candor:plugin/collecting@0.1.0";
const JUDGING: &str = "candor:plugin/judging@0.1.0";
const DELIVERING: &str = "candor:plugin/delivering@0.1.0";

fn full(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("candor:plugin/{name}@0.1.0")).collect()
}

fn refusal(imports: &[&str], exports: &[&str]) -> String {
    describe(&component(imports, exports)).unwrap_err().to_string()
}

#[test]
fn kinds_are_read_from_the_exports() {
    for (imports, export, kind) in [
        (&["log", "screen", "observations"][..], COLLECTING, ComponentKind::Collector),
        (&["observations"][..], COLLECTING, ComponentKind::Collector),
        (&["http", "observations"][..], COLLECTING, ComponentKind::Feed),
        (&["scenes", "pixels"][..], JUDGING, ComponentKind::Policy),
        (&["http", "folder", "store"][..], DELIVERING, ComponentKind::Uploader),
    ] {
        let imports = full(imports);
        let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
        let description = describe(&component(&imports, &[SETUP, export])).unwrap();
        assert_eq!(description.kind, kind, "{imports:?}");
        assert_eq!(description.version, (0, 1, 0));
    }
}

#[test]
fn invariant_10_imports_are_read_from_the_component_itself() {
    let description = describe(&std::fs::read(guest("hostile_collector")).unwrap()).unwrap();
    use Capability as C;
    let expected = [C::Windows, C::Activity, C::Screen, C::Camera, C::Observations];
    assert_eq!(description.imports, expected.into());
    assert!(description.other_imports.contains("candor:plugin/store@0.1.0"));
    assert!(description.other_imports.iter().all(|name| name.starts_with("candor:plugin/")));
    assert_eq!(description.sha256.len(), 64);
}

#[tokio::test]
async fn invariant_10_a_capability_that_was_not_granted_is_refused_by_name() {
    let prepared = prepare("hostile_collector", patient()).await;
    let mut grants = sensors_granted();
    grants.capabilities.remove(&Capability::Screen);
    let refused = prepared.collector("shots", &grants, "", World::new().hosts()).await.err().unwrap();
    assert!(matches!(&refused, Refusal::NotGranted { missing, .. } if *missing == [Capability::Screen]));
    assert_eq!(
        refused.to_string(),
        "the plugin `shots` imports `screen`, not granted: add \"screen\" to `capabilities` in the grants of \
         `shots`, or do without the plugin"
    );
    let refused = prepared.collector("shots", &Grants::default(), "", World::new().hosts()).await;
    assert_eq!(
        refused.err().unwrap().to_string(),
        "the plugin `shots` imports `windows`, `activity`, `screen`, `camera`, not granted: add \"windows\", \
         \"activity\", \"screen\", \"camera\" to `capabilities` in the grants of `shots`, or do without the plugin"
    );
}

#[tokio::test]
async fn invariant_12_a_sensor_and_the_network_are_refused_by_name_whatever_is_granted() {
    let refused = sandbox(patient()).prepare(&guest("hostile_pair")).await.err().unwrap();
    assert!(matches!(
        refused,
        Refusal::SensorAndNetwork { sensor: Capability::Screen, network: Capability::Http }
    ));
    assert_eq!(
        refused.to_string(),
        "the plugin imports the sensor `screen` and the network `http`: no plugin may have both. Split it: a \
         collector takes the sensor, an uploader or a feed takes the network"
    );
}

#[test]
fn invariant_12_holds_for_every_sensor_and_every_kind_before_anything_else() {
    for sensor in ["windows", "activity", "screen", "camera", "pixels"] {
        for exports in
            [&[SETUP, COLLECTING][..], &[SETUP, DELIVERING][..], &[][..], &[COLLECTING, DELIVERING][..]]
        {
            let sensor_import = format!("candor:plugin/{sensor}@0.1.0");
            let imports = [sensor_import.as_str(), "candor:plugin/http@0.1.0", "unheard:of/thing@1.0.0"];
            let text = refusal(&imports, exports);
            let expected = format!("the plugin imports the sensor `{sensor}` and the network `http`:");
            assert!(text.starts_with(&expected), "{text}");
        }
    }
}

#[test]
fn what_no_grant_could_make_run_is_refused_in_words() {
    let http = "candor:plugin/http@0.1.0";
    let screen = "candor:plugin/screen@0.1.0";
    let table: [(&[&str], &[&str], &str); 11] = [
        (
            &["wasi:http/outgoing-handler@0.2.0"],
            &[SETUP, DELIVERING],
            "the plugin imports `wasi:http/outgoing-handler@0.2.0`, which Candor does not offer: build against \
             candor:plugin@0.1.0 and, where the toolchain needs it, WASI 0.2",
        ),
        (
            &["candor:plugin/keys@0.1.0"],
            &[SETUP, COLLECTING],
            "the plugin imports `candor:plugin/keys@0.1.0`, which Candor does not offer: build against \
             candor:plugin@0.1.0 and, where the toolchain needs it, WASI 0.2",
        ),
        (
            &["wasi:clocks/wall-clock@0.3.0"],
            &[SETUP, COLLECTING],
            "the plugin imports `wasi:clocks/wall-clock@0.3.0`, which Candor does not offer: build against \
             candor:plugin@0.1.0 and, where the toolchain needs it, WASI 0.2",
        ),
        (
            &["candor:plugin/log@0.2.0"],
            &[SETUP, COLLECTING],
            "the plugin was built for candor:plugin@0.2.0; this Candor runs candor:plugin@0.1.0: rebuild it \
             against that version",
        ),
        (
            &[],
            &["candor:plugin/setup@1.0.0", "candor:plugin/judging@1.0.0"],
            "the plugin was built for candor:plugin@1.0.0; this Candor runs candor:plugin@0.1.0: rebuild it \
             against that version",
        ),
        (
            &[],
            &[SETUP],
            "the plugin must export `candor:plugin/setup` and exactly one of `collecting`, `judging` and \
             `delivering`; it exports none of them: implement one kind",
        ),
        (
            &[],
            &[SETUP, COLLECTING, JUDGING],
            "the plugin must export `candor:plugin/setup` and exactly one of `collecting`, `judging` and \
             `delivering`; it exports collecting and judging: implement one kind",
        ),
        (
            &[],
            &[COLLECTING],
            "the plugin must export `candor:plugin/setup` and exactly one of `collecting`, `judging` and \
             `delivering`; it exports collecting and no setup: implement one kind",
        ),
        (
            &[screen],
            &[SETUP, DELIVERING],
            "an uploader may not import `screen`: take it out, or write the plugin as a kind that may",
        ),
        (
            &[http],
            &[SETUP, JUDGING],
            "a policy may not import `http`: take it out, or write the plugin as a kind that may",
        ),
        (
            &["candor:plugin/log@0.1.0"],
            &[SETUP, JUDGING],
            "a policy may not import `log`: take it out, or write the plugin as a kind that may",
        ),
    ];
    for (imports, exports, text) in table {
        assert_eq!(refusal(imports, exports), text);
    }
}

#[test]
fn what_is_no_component_is_told_so() {
    let text = describe(b"\0asm\x01\0\0\0").unwrap_err().to_string();
    assert_eq!(
        text,
        "this is no WebAssembly component (it is a core module): build it with `candor plugin build`, or turn \
         the module into a component with wasm-component-ld"
    );
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\0asm\x0d\0\x01\0\xff"] {
        assert!(matches!(describe(bytes), Err(Refusal::NotAComponent(_))), "{bytes:?}");
    }
}

#[tokio::test]
async fn settings_are_refused_with_their_places() {
    let refused = collector("refuse", patient(), &World::new()).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the settings of `hostile`: /rules/2/pattern: the bracket is never closed; (the whole): too long"
    );
}

#[tokio::test]
async fn a_plugin_that_never_comes_up_is_refused() {
    let limits = candor_sandbox::Limits { start: std::time::Duration::from_millis(200), ..patient() };
    let refused = collector("loop while configured", limits, &World::new()).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the plugin `hostile` did not start: it took too long. Its log says more; repair it or do without it"
    );
}

#[tokio::test]
async fn a_plugin_of_another_kind_is_refused() {
    let prepared = prepare("hostile_policy", patient()).await;
    let refused =
        prepared.collector("rules", &Grants::default(), "", World::new().hosts()).await.err().unwrap();
    assert_eq!(refused.to_string(), "the plugin `rules` is a policy, not a collector: name a collector here");
}

#[tokio::test]
async fn a_missing_file_is_told() {
    let refused = sandbox(patient()).prepare("no/such.wasm".as_ref()).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "no/such.wasm: No such file or directory (os error 2). Give the path of a plugin's .wasm file that this \
         account can read"
    );
}

#[tokio::test]
async fn grants_that_are_malformed_or_not_whole_are_refused() {
    let prepared = prepare("hostile_uploader", patient()).await;
    let world = World::new();
    let hosts = || candor_sandbox::UploaderHosts {
        store: world.clone(),
        secrets: world.clone(),
        dates: world.clone(),
    };
    let mut grants =
        Grants { capabilities: [Capability::Http, Capability::Folder].into(), ..Grants::default() };
    let refused = prepared.uploader("up", &grants, "", hosts()).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the grants of `up`: `folder` is granted, but no path: add `folder = \"...\"` to the grants of `up`"
    );
    grants.http.push(HttpGrant { origin: "office.example".into(), private: false });
    let refused = prepared.uploader("up", &grants, "", hosts()).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the grants of `up`: the origin `office.example` is no address (relative URL without a base): write it \
         like `https://office.example`"
    );
}

#[test]
fn grants_are_read_from_plain_data() {
    let grants: Grants = serde_json::from_str(
        r#"{"capabilities": ["screen", "http"], "http": [{"origin": "http://127.0.0.1:8750", "private": true}],
            "folder": "/tmp/x"}"#,
    )
    .unwrap();
    assert_eq!(grants.capabilities, [Capability::Screen, Capability::Http].into());
    assert!(grants.http[0].private);
    assert!(serde_json::from_str::<Grants>(r#"{"capabilities": ["everything"]}"#).is_err());
    assert_eq!(
        "keys".parse::<Capability>().unwrap_err().to_string(),
        "`keys` is no permission: use windows, activity, screen, camera, pixels, observations, http or folder"
    );
}
