//! One file for each verb.

pub(crate) mod api_keys;
pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod checkpoint;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod lending;
pub(crate) mod picture;
pub(crate) mod proof;
pub(crate) mod reference;
pub(crate) mod report;
pub(crate) mod risk;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod state;
pub(crate) mod verify;
pub(crate) mod webhooks;
