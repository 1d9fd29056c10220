//! Stylesheet and scripts: compiled in, named by the hash of their bytes, cached for ever.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// One file, as it lies in the repository and as it is asked for.
#[derive(Debug)]
struct Asset {
    name: &'static str,
    hashed: String,
    kind: &'static str,
    bytes: &'static [u8],
}

/// Our stylesheet, and what pictures inside pages need of one.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let mut style = include_str!("../assets/backstop.css").to_owned();
    style.push_str(&backstop_export::picture::stylesheet());
    style.push('\n');
    style
});

static FILES: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    const JS: &str = "text/javascript; charset=utf-8";
    const CSS: &str = "text/css; charset=utf-8";
    let files: [(&str, &str, &[u8]); 7] = [
        ("backstop.css", CSS, STYLE.as_bytes()),
        ("backstop.js", JS, include_bytes!("../assets/backstop.js")),
        ("theatre.js", JS, include_bytes!("../assets/theatre.js")),
        ("plot.js", JS, include_bytes!("../assets/plot.js")),
        ("htmx.js", JS, include_bytes!("../assets/vendor/htmx.min.js")),
        ("uplot.js", JS, include_bytes!("../assets/vendor/uPlot.iife.min.js")),
        ("uplot.css", CSS, include_bytes!("../assets/vendor/uPlot.min.css")),
    ];
    files.into_iter().map(|(name, kind, bytes)| asset(name, kind, bytes)).collect()
});

fn asset(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Asset {
    let hash = hex::encode(Sha256::digest(bytes));
    let short = hash.get(..12).unwrap_or_default();
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    Asset { name, hashed: format!("{stem}.{short}.{end}"), kind, bytes }
}

/// The addresses of the files, for pages.
#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) css: String,
    pub(crate) js: String,
    pub(crate) theatre: String,
    pub(crate) plot: String,
    pub(crate) htmx: String,
    pub(crate) uplot: String,
    pub(crate) uplot_css: String,
}

impl Assets {
    pub(crate) fn new() -> Self {
        let path = |name: &str| {
            let found = FILES.iter().find(|asset| asset.name == name);
            found.map_or(String::new(), |asset| format!("/assets/{}", asset.hashed))
        };
        Self {
            css: path("backstop.css"),
            js: path("backstop.js"),
            theatre: path("theatre.js"),
            plot: path("plot.js"),
            htmx: path("htmx.js"),
            uplot: path("uplot.js"),
            uplot_css: path("uplot.css"),
        }
    }
}

/// One file by its hashed name.
pub(crate) async fn get(Path(name): Path<String>) -> Response {
    let Some(asset) = FILES.iter().find(|asset| asset.hashed == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let head = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (head, asset.bytes).into_response()
}
