//! Pages: what they show is what the ledger holds, without a script and without a foreign byte.

use crate::support::{CURATOR, FIRST_LOSS, Service};
use sha2::{Digest as _, Sha256};

#[test]
fn the_first_page_shows_every_fund_and_the_latest_losses() {
    let service = Service::new(FIRST_LOSS);
    let page = service.page("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for needle in ["/funds/main", "loss_0", "300000000000", "<title>Overview"] {
        assert!(page.body.contains(needle), "{needle} is not on the page");
    }
    assert!(Service::new(CURATOR).page("/").body.contains("Vaults"));
}

#[test]
fn a_refusal_is_a_page_for_people_and_a_problem_for_programs() {
    let service = Service::new(FIRST_LOSS);
    let page = service.page("/records/999999");
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(page.body.contains("there is no record 999999"));
    service.get("/records/999999").problem(404, "NOT_THERE");
    service.page("/v1/none").problem(404, "NO_ROUTE");
}

#[test]
fn assets_are_named_by_their_bytes_and_kept_for_ever() {
    let service = Service::new(FIRST_LOSS);
    let page = service.page("/").body;
    let mut found = 0;
    for path in page.split('"').filter(|part| part.starts_with("/assets/")) {
        let asset = service.get(path);
        assert_eq!(asset.status, 200, "{path}");
        assert!(asset.header("cache-control").unwrap().contains("immutable"), "{path}");
        let hash = hex::encode(Sha256::digest(asset.body.as_bytes()));
        assert!(path.contains(&hash[..12]), "{path} is not named by its bytes");
        found += 1;
    }
    assert!(found >= 3, "{found} assets");
    assert_eq!(service.get("/assets/backstop.000000000000.css").status, 404);
}

#[test]
fn scripts_of_others_are_what_their_list_says() {
    let list = include_str!("../../assets/vendor/VENDOR.md");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/vendor");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".LICENSE") || name == "VENDOR.md" {
            continue;
        }
        let hash = hex::encode(Sha256::digest(std::fs::read(&path).unwrap()));
        let row = list.lines().find(|line| line.contains(&format!("`{name}`")));
        assert!(row.is_some_and(|row| row.contains(&hash)), "{name}: sha256 {hash}");
    }
}
