//! `folder` as a guest sees it. (Links and names are tested beside the code.)

use candor_sandbox::{Capability, Grants};

use crate::support::{World, patient, told, uploader};

#[tokio::test]
async fn files_are_written_into_the_folder_and_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("granted");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.join("out")).unwrap();
    let grants = Grants {
        capabilities: [Capability::Http, Capability::Folder].into(),
        folder: Some(folder.clone()),
        ..Grants::default()
    };
    let deeds = format!(
        "put day/0930.json\nput ../escaped\nput out/escaped\nput {}/escaped\nput ",
        outside.path().display()
    );
    let mut uploader = uploader(&deeds, patient(), &grants, &World::new()).await;
    let told = told(&mut uploader, &[" and this", " and that"]).await;
    let bad = "Err(FolderError::BadName)";
    assert_eq!(told, format!("call 1\nOk(())\n{bad}\n{bad}\n{bad}\n{bad}\n"));
    assert_eq!(
        std::fs::read_to_string(folder.join("day/0930.json")).unwrap(),
        "{\"signed\":true} and this and that"
    );
    let mut names: Vec<_> =
        std::fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["granted"]);
}
