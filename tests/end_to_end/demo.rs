//! The demo is ended in every way that a person ends a program, and goes on from where it was.

use candor_test_driver::demo::Folder;

#[test]
fn a_run_goes_on_after_kill_9_and_after_ctrl_c_on_the_same_data() {
    let folder = Folder::new().unwrap();

    let mut killed = folder.start(&["--segments", "2"]).unwrap();
    killed.wait_until_it_says("tracking 2 segments").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(5));
    killed.kill().unwrap();

    // What the first left alive (a back office, an agent, a display) is ended by the second.
    let mut interrupted = folder.start(&["--segments", "2"]).unwrap();
    interrupted.wait_until_it_says("ending agent of an earlier run").unwrap();
    interrupted.wait_until_it_says("tracking 2 segments").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(5));
    interrupted.interrupt();
    let (_, report) = interrupted.finish().unwrap();
    assert_eq!(report["waiting"], 0, "what was recorded is delivered before it ends: {report:#}");
    assert_eq!(report["delivered"], 1, "{report:#}");
    assert!(!folder.path().join("data/children.json").exists());

    let (content, report) = folder.start(&["--segments", "1"]).unwrap().finish().unwrap();
    assert!(content);
    assert_eq!(report["delivered"], 1, "{report:#}");
    assert_eq!(report["waiting"], 0, "{report:#}");
    assert_eq!(report["segments"][0]["minutes_active"], 1, "{report:#}");
}
