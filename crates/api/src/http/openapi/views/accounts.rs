//! Accounts, assets, positions.

use super::View;

pub(super) const VIEWS: &[View] = &[
    View {
        name: "AssetView",
        doc: "An asset.",
        fields: &[
            ("id", "text", "Its handle."),
            ("label", "Label", "Its name."),
            ("decimals", "int", "Digits behind the point of one unit: 6 means 1000000 atoms."),
            ("held", "Amount", "What the books hold of it, in atoms."),
        ],
    },
    View {
        name: "AccountView",
        doc: "An account: free balances, stakes, open tickets, gifts, claims.",
        fields: &[
            ("id", "text", "Its handle."),
            ("label", "Label", "Its name."),
            ("group", "Label", "Its owner group; its own name where it has none."),
            ("roles", "Roles", "What its holder is allowed to do."),
            ("balances", "[Balance]", "One row for each asset."),
            ("stakes", "[StakeRow]", "One row for each tranche that it has a stake in."),
            ("contributions", "[Contributed]", "What it gave to funds for ever."),
            ("claims", "[Claimable]", "What came back of losses and waits to be claimed."),
        ],
    },
    View {
        name: "Balance",
        doc: "What an account has of one asset, in atoms.",
        fields: &[
            ("asset", "Label", "Which asset."),
            ("free", "Amount", "What it can use."),
            ("pending", "Amount", "What is set aside for a transfer."),
        ],
    },
    View {
        name: "StakeRow",
        doc: "A stake in one tranche.",
        fields: &[
            ("tranche", "Label", "Which tranche."),
            ("shares", "Shares", "Its shares, net of every loss."),
            ("base", "int", "Powers of ten by which shares were rescaled."),
            ("cost", "Signed", "Paid in less paid out since it last held nothing, in atoms."),
            ("value", "Amount", "What they are worth now, in atoms, rounded down."),
            ("tickets", "[TicketRow]", "Requests to leave that are open."),
        ],
    },
    View {
        name: "TicketRow",
        doc: "A request to unstake.",
        fields: &[
            ("ticket", "TicketId", "Which ticket."),
            ("shares", "Shares", "How many shares leave."),
            ("value", "Amount", "What they were worth when it was filed, in atoms."),
            ("ready_at", "Timestamp", "From when on it can be claimed."),
            ("ready", "bool", "Whether it can be claimed now."),
        ],
    },
    View {
        name: "Contributed",
        doc: "Gifts of an account to one fund.",
        fields: &[("fund", "Label", "Which fund."), ("total", "Amount", "All of them, in atoms.")],
    },
    View {
        name: "Claimable",
        doc: "A recovery that waits.",
        fields: &[
            ("loss", "LossId", "Of which loss."),
            ("amount", "Amount", "How much, in atoms."),
        ],
    },
    View {
        name: "PositionView",
        doc: "A position on a hosted market.",
        fields: &[
            ("market", "Label", "Which market."),
            ("fund", "Label", "The fund in whose pool its margin lies."),
            ("size", "Signed", "In lots; below zero for a short."),
            ("mark", "Price", "The mark."),
            ("notional", "Amount", "Size times mark, in quote atoms."),
            ("unsettled", "Signed", "Funding since it was last settled, in quote atoms."),
            ("maintenance", "Amount", "Maintenance margin of the position, in quote atoms."),
            ("initial", "Amount", "Initial margin of the position, in quote atoms."),
            ("equity", "Signed", "Equity of the margin account, in quote atoms."),
            ("liquidatable", "bool", "Whether the account may be liquidated now."),
            ("waiting_since", "Timestamp?", "Since when its liquidation waits."),
            (
                "adl_lights",
                "int?",
                "Lights of five: how near the front it stands among positions of its side by leverage; null where nobody can say. \
                 The venue's list, which knows entries, decides in the end.",
            ),
            ("asset", "Label", "The asset of the pool, in which margin counts."),
        ],
    },
    View {
        name: "LossShareView",
        doc: "What an account would bear of a layer's part of a loss that is thought of.",
        fields: &[
            (
                "layer",
                "text",
                "Which layer, such as `staked jun`, `socialised`, `withdrawal_haircut` or `adl`.",
            ),
            ("pays", "Amount", "What the layer would bear in all, in atoms of the market's asset."),
            (
                "mine",
                "Amount?",
                "What of it is the account's, in the same atoms; null where the venue's list decides.",
            ),
            (
                "lights",
                "int?",
                "Of a position that may be deleveraged: lights of five, as in `PositionView`.",
            ),
            ("asset", "Label", "The market's asset."),
            ("decimals", "int", "Decimals of the asset."),
        ],
    },
];
