//! Funds, markets, losses.

use super::{
    Answer, FUND_REASONS, Kind, Media, Param, Payload, Place, Route, Tied, filter, in_path, label,
    list, view,
};

const AMOUNT: Kind = Kind::Named("Amount");
const TIME: Kind = Kind::Named("Timestamp");
const FUND: Param = label("fund", "The fund's name.");
const MARKET: Param = label("market", "The market's name.");
const LOSS: Param = in_path("loss", Kind::Named("LossId"), "The loss, such as `loss_3`.");

const STATUS: Param = filter("status", Kind::Named("LossStatus"), "Only those in this state.");
const ACCOUNT: Param =
    filter("account", Kind::Named("Label"), "Only those of this bankrupt account.");

pub(super) const ROUTES: &[Route] = &[
    Route::one(
        "/v1/funds",
        "list_funds",
        &[list("Fund")],
        ["funds", "Funds.", "Every fund with its parts, coverage, peaks, tranches and reservations."],
    ),
    Route::one(
        "/v1/funds/{fund}",
        "get_fund",
        &[view("Fund")],
        [
            "funds",
            "A fund.",
            "Balance and its parts, what of it counts, target, threshold and coverage, peaks of eight hours and thirty days, \
             drawdown, what holds it, revenue that waits, tranches, fee control, reservations.",
        ],
    )
    .with(&[FUND]),
    Route::one(
        "/v1/funds/{fund}/history",
        "list_fund_history",
        &[list("FundMove")],
        ["funds", "Every change of a fund's balance.", "With its reason, the part that changed and the balance after it, the newest first."],
    )
    .with(&[FUND, filter("reason", Kind::Word(FUND_REASONS), "Only changes with this reason.")])
    .tied(Tied::After),
    Route::one(
        "/v1/funds/{fund}/balance_series",
        "list_fund_balance_series",
        &[list("BalanceSample")],
        ["funds", "A fund's balance over time.", "Opening, highest, lowest and closing balance of each span of time in which it changed, the oldest first."],
    )
    .with(&[
        FUND,
        filter("span", Kind::Word(&["minute", "hour", "day"]), "How long each span is; an hour if left out."),
        filter("from", TIME, "From the span on that tells what the balance was at this moment: the one it lies in, or the last before it."),
        filter("to", TIME, "Before this moment."),
    ])
    .tied(Tied::After),
    Route::one(
        "/v1/funds/{fund}/payouts",
        "list_fund_payouts",
        &[list("Payout")],
        [
            "funds",
            "What a fund paid for losses.",
            "Each loss on a market of the fund or on its money: when, whose, how much, what each layer paid, what stayed uncovered; the \
             newest first.",
        ],
    )
    .with(&[FUND]),
    Route::one(
        "/v1/funds/{fund}/yields",
        "list_fund_yields",
        &[list("Yield")],
        [
            "funds",
            "What stakers really earned.",
            "For each tranche the change of a share's price over 7, 30 and 90 days and since its shares began, losses taken off.",
        ],
    )
    .with(&[FUND])
    .tied(Tied::After),
    Route::one(
        "/v1/funds/{fund}/queue",
        "get_fund_queue",
        &[view("ExitQueue")],
        ["funds", "Stakers on their way out.", "Open tickets by the day on which they can be claimed, and coverage once they are gone."],
    )
    .with(&[FUND]),
    Route::one(
        "/v1/funds/{fund}/stakers",
        "list_fund_stakers",
        &[list("Staker")],
        ["funds", "Stakers of a fund.", "Shares, their value now, what was paid in for them and what waits to leave, for each tranche."],
    )
    .with(&[FUND, filter("tranche", Kind::Named("Label"), "Only those of this tranche.")]),
    Route::one(
        "/v1/funds/{fund}/settings",
        "list_fund_settings",
        &[list("SettingChange")],
        [
            "funds",
            "Changes of a fund's settings.",
            "Each command that changed a setting, by whom and when, the newest first; `proposal` for those that waited.",
        ],
    )
    .with(&[FUND])
    .tied(Tied::After),
    Route::one(
        "/v1/funds/{fund}/reservations",
        "list_fund_reservations",
        &[list("Reservation")],
        ["funds", "What is held for liquidations in flight.", "Each with its market, amount and expiry."],
    )
    .with(&[FUND]),
    Route::one(
        "/v1/markets",
        "list_markets",
        &[list("Market")],
        ["markets", "Markets.", "Every market with open interest, pools, limits and layers."],
    ),
    Route::one(
        "/v1/markets/{market}",
        "get_market",
        &[view("Market")],
        [
            "markets",
            "A market.",
            "Open interest and its limits, index of socialised losses, pools, offline budget, gauges, and each layer of its waterfall.",
        ],
    )
    .with(&[MARKET]),
    Route::one(
        "/v1/markets/{market}/waterfall",
        "explain_waterfall",
        &[view("Waterfall")],
        ["markets", "Who would pay for a loss now.", "The rule that pays for losses, asked about one: what each layer has, what its limits leave, what it pays."],
    )
    .with(&[
        MARKET,
        Param { name: "loss", place: Place::Query, kind: AMOUNT, required: true, doc: "How large, in atoms of the market's asset." },
        filter("cause", Kind::Named("Cause"), "Why; `bankruptcy` if left out."),
    ]),
    Route::one(
        "/v1/markets/{market}/adl",
        "get_market_adl",
        &[view("AdlState")],
        [
            "markets",
            "How near deleveraging is.",
            "The gauges of layers that winners and accounts stand in, and every open claim with what is still to be cut.",
        ],
    )
    .with(&[MARKET]),
    Route::one(
        "/v1/markets/{market}/losses",
        "list_market_losses",
        &[list("Loss")],
        ["markets", "Losses of a market.", "The newest first."],
    )
    .with(&[MARKET, STATUS]),
    Route::one(
        "/v1/losses",
        "list_losses",
        &[list("Loss")],
        ["losses", "Losses.", "With their rows: who bore how much, and what came back. The newest first."],
    )
    .with(&[filter("market", Kind::Named("Label"), "Only those of this market."), STATUS, ACCOUNT]),
    Route::one(
        "/v1/losses/{loss}",
        "get_loss",
        &[view("Loss")],
        ["losses", "A loss.", "Its cause, state, evidence, the part that was funded with money that was there, and each row."],
    )
    .with(&[LOSS]),
    Route::one(
        "/v1/losses/{loss}/closing",
        "get_loss_closing",
        &[view("Closing")],
        [
            "losses",
            "Why the account was closed at its price.",
            "Out of the record that placed the loss: mark, price of the fill, bankruptcy price, what was closed, what was \
             lacking, fees. What the venue did not report is null.",
        ],
    )
    .with(&[LOSS])
    .tied(Tied::After),
    Route::one(
        "/v1/losses/{loss}/picture.svg",
        "draw_loss",
        &[Answer { status: 200, payload: Payload::Other(Media::Svg), doc: "The picture." }],
        ["losses", "A picture of a loss.", "Who paid for it, drawn from the same values as its page."],
    )
    .with(&[LOSS])
    .tied(Tied::After),
];
