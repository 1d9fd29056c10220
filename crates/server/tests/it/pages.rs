//! Pages: what they show is what the ledger holds, without a script and without a foreign byte.

use crate::support::{CURATOR, FIRST_LOSS, Service};
use serde_json::json;
use sha2::{Digest as _, Sha256};

#[test]
fn the_first_page_shows_every_fund_and_the_latest_losses() {
    let service = Service::new(FIRST_LOSS);
    let page = service.page("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for needle in ["/funds/main", "loss_0", ">300,000.00</data> usdt", "<title>Overview"] {
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

/// Pages of a ledger with a loss that reached its stakers, and what must stand on them.
const PAGES: [(&str, &[&str]); 7] = [
    (
        "/funds/main",
        &[
            "Who pays on",
            "Coverage of main",
            "Exits from main",
            "Balance of main",
            "data-plot",
            "/losses/loss_0",
            "Who bore it",
            "<li>staked ",
            "since its shares began",
            "How they changed",
            "fund created",
        ],
    ),
    ("/funds/main?loss=1,000,000", &["what if a loss of 1,000,000 usdt came now", "residual"]),
    (
        "/losses/loss_0",
        &["Where loss_0 went", "min(needed", "share price", "/v1/records/", "States of loss_0"],
    ),
    ("/markets/sol-perp", &["Who pays on sol-perp", "/losses/loss_0", "layer 1: payout"]),
    ("/accounts/bob", &["Why this account was closed", "/losses/loss_0"]),
    ("/markets/sol-perp?losses=loss_1", &["Bankruptcies", "/accounts/bob", "Open claims"]),
    ("/theatre?frame=0", &["step 0 of", "rel=\"next\"", "Layers at step 0"]),
];

#[test]
fn pages_show_pictures_with_their_tables_and_nothing_that_a_strict_policy_refuses() {
    let service = Service::new(FIRST_LOSS);
    for (path, needles) in PAGES {
        let page = service.page(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        for needle in needles {
            assert!(
                page.body.contains(needle),
                "{path}: {needle} is not on the page\n{}",
                page.body
            );
        }
        for forbidden in ["<style", " style=", " onclick", "javascript:", "<script>"] {
            assert!(!page.body.contains(forbidden), "{path}: {forbidden}");
        }
        let pictures = page.body.matches("<svg").count();
        assert_eq!(page.body.matches("The same as a table").count(), pictures, "{path}");
        for csv in page.body.split("href=\"?csv=").skip(1) {
            let query = csv.split('"').next().unwrap().replace("&amp;", "&");
            let bare = path.split('?').next().unwrap();
            let sheet = service.page(&format!("{bare}?csv={query}"));
            assert_eq!(
                (sheet.status, sheet.header("content-type")),
                (200, Some("text/csv; charset=utf-8"))
            );
            assert!(
                sheet.body.lines().count() >= 2 || sheet.body.starts_with("from,"),
                "{query}: {}",
                sheet.body
            );
        }
    }
}

#[test]
fn a_vault_shows_who_insures_it_and_what_was_not_kept() {
    let page = Service::new(CURATOR).page("/vaults/safe");
    for needle in [
        "What the yield comes from",
        "What the insurance pool holds",
        "exit_in_loss",
        "performance fee",
    ] {
        assert!(page.body.contains(needle), "{needle}: {}", page.body);
    }
}

#[test]
fn a_what_if_adds_up_to_its_loss() {
    let service = Service::new(FIRST_LOSS);
    let sheet = service.page("/markets/sol-perp?csv=tower&loss=900000.5").body;
    let cells = |line: &str| -> Vec<String> { line.rsplit(',').map(str::to_owned).collect() };
    let pays = |line: &str| cells(line)[2].parse::<u128>().unwrap();
    let rows: Vec<&str> = sheet.lines().skip(1).collect();
    let (whole, layers) = rows.split_last().unwrap();
    assert_eq!(pays(whole), 900_000_500_000, "{sheet}");
    assert_eq!(layers.iter().map(|line| pays(line)).sum::<u128>(), 900_000_500_000, "{sheet}");
    assert!(layers.iter().filter(|line| pays(line) > 0).count() >= 2, "{sheet}");
}

#[test]
fn what_is_not_there_is_said_on_a_page() {
    let service = Service::new(FIRST_LOSS);
    for (path, status) in [
        ("/funds/none", 404),
        ("/losses/loss_99", 404),
        ("/losses/x", 404),
        ("/markets/none", 404),
        ("/vaults/none", 404),
        ("/accounts/none", 404),
        ("/theatre?market=none", 404),
        ("/theatre?from=3&until=2", 400),
        ("/theatre?from=x", 400),
        ("/funds/main?settings=1", 400),
        ("/funds/main?losses=1", 400),
        ("/funds/main?csv=none", 404),
        ("/funds/main?loss=much", 400),
        ("/funds/main?loss=0.0000001", 400),
        ("/funds/main?other=1", 400),
    ] {
        let page = service.page(path);
        assert_eq!(
            (page.status, page.header("content-type")),
            (status, Some("text/html; charset=utf-8")),
            "{path}"
        );
    }
}

#[test]
fn the_theatre_ends_where_the_ledger_is() {
    let service = Service::new(FIRST_LOSS);
    let frames: serde_json::Value =
        serde_json::from_str(&service.get("/theatre/frames").body).unwrap();
    let times = frames["time_ms"].as_array().unwrap();
    assert!(times.windows(2).all(|pair| pair[0].as_u64() <= pair[1].as_u64()));
    for series in ["price", "liquidations", "lost", "balance"] {
        assert_eq!(frames[series].as_array().unwrap().len(), times.len(), "{series}");
    }
    assert_eq!(frames["lost"].as_array().unwrap().last().unwrap(), "300000.000000");
    let page = service.page("/theatre").body;
    assert!(page.contains(&format!("step {0} of {0}", times.len() - 1)), "{page}");
}

#[test]
fn a_stretch_of_the_theatre_has_its_records_and_every_loss() {
    let service = Service::new(FIRST_LOSS);
    let frames = |path: &str| -> serde_json::Value {
        serde_json::from_str(&service.get(path).body).unwrap()
    };
    let all = frames("/theatre/frames");
    let losses: Vec<usize> = all["worst"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .filter(|(_, worst)| !worst.is_null())
        .map(|(step, _)| step)
        .collect();
    assert_eq!(losses.len(), 1, "{all}");
    assert_eq!(all["worst"][losses[0]], "300000.000000");
    let page = service.page(&format!("/theatre?frame={}", losses[0])).body;
    assert!(
        page.contains("the largest of this step is <a href=\"/losses/loss_0\">loss_0</a>"),
        "{page}"
    );
    assert!(page.contains("Losses on the way"), "{page}");
    let last = service.get("/v1/ledger").ok()["data"]["records"].as_u64().unwrap() - 1;
    let part = frames(&format!("/theatre/frames?from={}&until={last}", last - 1));
    let (some, whole) = (part["time_ms"].as_array().unwrap(), all["time_ms"].as_array().unwrap());
    assert!(!some.is_empty() && some.len() < whole.len(), "{part}");
    assert!(whole.ends_with(some), "{part}");
    let page = service.page(&format!("/theatre?from={}&until={last}", last - 1)).body;
    assert!(page.contains("The whole log") && page.contains("name=\"until\""), "{page}");
}

#[test]
fn a_share_earned_what_its_price_says() {
    let service = Service::new(FIRST_LOSS);
    let rows = service.get("/v1/funds/main/yields").ok()["data"].clone();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len() % 4, 0, "{rows:?}");
    let since = |tranche: &str| {
        let row = rows.iter().find(|row| row["tranche"] == tranche && row["days"].is_null());
        row.unwrap()["yield_ppm"].as_str().unwrap().parse::<i64>().unwrap()
    };
    let fund = service.get("/v1/funds/main").ok()["data"].clone();
    for tranche in fund["tranches"].as_array().unwrap() {
        let number = |field: &str| tranche[field].as_str().unwrap().parse::<f64>().unwrap();
        if tranche["base"] == 0 && tranche["series"] == 0 {
            // Its first shares came at one atom each.
            let want = (number("assets") / number("shares") - 1.0) * 1e6;
            let got = since(tranche["label"].as_str().unwrap());
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let off = (got as f64 - want).abs();
            assert!(off <= 2.0, "{tranche}: {got}, by its price {want}");
        }
    }
    let page = service.page("/funds/main").body;
    assert!(page.contains("What a share really earned"), "{page}");
}

/// A problem's `type` and the footer lead to pages made of the tables that answer.
#[test]
fn every_problem_and_every_route_has_its_place_on_a_page() {
    let service = Service::with(FIRST_LOSS, &[("reads", "key")]);
    let problem = service.get("/v1/none").problem(401, "NO_KEY");
    let (path, anchor) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    let page = service.page(path);
    assert_eq!((page.status, path), (200, "/docs/problems"));
    assert_eq!(page.body.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor}");
    for row in backstop_api::http::problem_codes().as_array().unwrap() {
        let code = row["code"].as_str().unwrap();
        assert_eq!(page.body.matches(&format!("<tr id=\"{code}\">")).count(), 1, "{code}");
    }
    let page = service.page("/docs/api");
    assert_eq!(page.status, 200);
    for route in backstop_api::http::routes() {
        assert!(page.body.contains(&format!("id=\"{}\"", route.id)), "{}", route.id);
        for param in route.params() {
            assert!(page.body.contains(&format!("<code>{}</code>", param.name)), "{}", route.id);
        }
    }
    for link in ["href=\"/docs/api\"", "href=\"/docs/problems\""] {
        assert!(page.body.contains(link), "{link} in the footer");
    }
}

/// A draft of each command that an insurance pool's keys sign asks for just these keys.
#[test]
fn a_draft_asks_for_the_keys_that_its_command_needs() {
    let service = Service::new(CURATOR);
    let vault = service.get("/v1/vaults").ok()["data"][0]["vault"].as_str().unwrap().to_owned();
    let pool = service.get(&format!("/v1/pools/{vault}")).ok()["data"].clone();
    let [council, nominee] =
        ["council", "nominee"].map(|key| pool[key].as_str().unwrap().to_owned());
    let new = "ab".repeat(32);
    for (body, asked) in [
        (
            json!({ "release_pool": { "vault": vault, "loss": "vloss_0", "amount": "1" } }),
            vec![&council, &nominee],
        ),
        (
            json!({ "announce_release": { "vault": vault, "loss": "vloss_0", "amount": "1", "signer": "nominee" } }),
            vec![&nominee],
        ),
        (
            json!({ "announce_release": { "vault": vault, "loss": "vloss_0", "amount": "1" } }),
            vec![],
        ),
        (
            json!({ "set_pool_signer": { "vault": vault, "signer": "nominee", "key": new } }),
            vec![&council],
        ),
        (
            json!({ "accept_pool": { "vault": vault, "keys": [council, new], "threshold": 2 } }),
            vec![&council, &new],
        ),
        (json!({ "open_account": { "label": "dora" } }), vec![]),
    ] {
        let fields = [("actor", "operator"), ("body", &body.to_string())];
        let form = serde_urlencoded::to_string(fields).unwrap();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let sent = service.post("/approvals/drafts", &kind, &form);
        assert_eq!(sent.status, 303, "{body}: {}", sent.body);
        let page = service.page(sent.header("location").unwrap()).body;
        let keys: Vec<&str> =
            page.split("</span> <code>").skip(1).map(|rest| &rest[..64]).collect();
        assert_eq!(keys, asked, "{body}");
        assert_eq!(page.contains("This command needs none."), asked.is_empty(), "{body}");
    }
}
