//! Reserves, vaults, farms, insurance pools, compensation.

use super::{Kind, Route, filter, in_path, label, list, view};

pub(super) const ROUTES: &[Route] = &[
    Route::one(
        "/v1/reserves",
        "list_reserves",
        &[list("Reserve")],
        ["lending", "Lending reserves.", "Each with what is supplied and lent, its rates and impaired loans."],
    ),
    Route::one(
        "/v1/reserves/{reserve}",
        "get_reserve",
        &[view("Reserve")],
        [
            "lending",
            "A lending reserve.",
            "Supply, debt and money at hand, interest of whole periods added; rates, fees, impaired loans, rules.",
        ],
    )
    .with(&[label("reserve", "The reserve's name.")]),
    Route::one(
        "/v1/vaults",
        "list_vaults",
        &[list("Vault")],
        ["lending", "Vaults.", "Each with its money, share price, yields, fees and allocations."],
    ),
    Route::one(
        "/v1/vaults/{vault}",
        "get_vault",
        &[view("Vault")],
        [
            "lending",
            "A vault.",
            "Money and shares, share price, yield by component with the window of the headline, pending fees, queue, \
             allocations with their targets, losses, rules.",
        ],
    )
    .with(&[label("vault", "The vault's name.")]),
    Route::one(
        "/v1/vaults/{vault}/holders",
        "list_vault_holders",
        &[list("Holder")],
        ["lending", "Holders of a vault.", "The largest first, with what their shares are worth."],
    )
    .with(&[label("vault", "The vault's name.")]),
    Route::one(
        "/v1/farms",
        "list_farms",
        &[list("Farm")],
        ["lending", "Farms.", "Each with what is staked, its rewards and rules."],
    ),
    Route::one(
        "/v1/farms/{farm}",
        "get_farm",
        &[view("Farm")],
        ["lending", "A farm.", "What is staked in it, what it pays a day and until when, its rules."],
    )
    .with(&[label("farm", "The farm's name.")]),
    Route::one(
        "/v1/pools/{vault}",
        "get_pool",
        &[view("InsurancePool")],
        [
            "lending",
            "The insurance pool of a vault.",
            "Tranches, live coverage, stakes, exits with their days, releases, broken commitments, owner and signers.",
        ],
    )
    .with(&[label("vault", "The vault's name.")]),
    Route::one(
        "/v1/compensations/{vault_loss}",
        "get_compensation",
        &[view("Compensation")],
        [
            "lending",
            "What is made good of a vault's loss.",
            "Assessment, money, claims and their root, what is missing; for an account, what it is due with the proof of that.",
        ],
    )
    .with(&[
        in_path("vault_loss", Kind::Named("VaultLossId"), "The vault's loss, such as `vloss_0`."),
        filter("account", Kind::Named("Label"), "Whose claim to show."),
    ]),
];
