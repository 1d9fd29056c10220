//! `picture`: what the dashboard draws, as a file of its own.

use crate::{
    args::{PictureArgs, PictureVerb},
    exit::Failure,
    ledger,
    printer::Printer,
};
use backstop_core::{State, policy::Cause};
use backstop_export::{
    ExportError,
    loss::{History, loss_flow, loss_waterfall, what_if},
    picture::{Cascade, Form, Picture, Tower},
    standing::{exit_queue, fund_gauge, loss_steps, market_lights, ticket_steps},
};
use serde_json::json;
use std::path::Path;

/// A picture as SVG, and the same values as CSV.
struct Drawn {
    svg: String,
    csv: String,
}

impl Drawn {
    fn of(picture: &impl Picture) -> Self {
        Self { svg: picture.svg(Form::File), csv: picture.table().csv() }
    }
}

pub(crate) fn run(args: &PictureArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let mut history = History::default();
    let state = ledger::walk(db, |state, record| history.observe(state, record).map_err(told))?;
    let drawn = draw(&args.verb, &state, &history)?;
    let value = json!({ "svg": drawn.svg, "csv": drawn.csv });
    printer.either(&value, || if args.csv { drawn.csv } else { drawn.svg })
}

/// Draws as things stand at the ledger's last moment.
fn draw(verb: &PictureVerb, state: &State, history: &History) -> Result<Drawn, Failure> {
    let now = state.meta.now;
    let market = |label| state.market_id(label);
    match verb {
        PictureVerb::Tower { market: label, loss } => {
            let waterfall = what_if(state, (market(*label)?, *loss), Cause::Bankruptcy, now);
            Ok(Drawn::of(&Tower(&waterfall.map_err(told)?)))
        }
        PictureVerb::Lights { market: label } => {
            let lights = market_lights(state, market(*label)?, now).map_err(told)?;
            let none = || {
                let what = format!("no winners stand in the waterfall of {label}");
                Failure::Input(format!("{what}: nobody there is deleveraged, draw the tower"))
            };
            lights.as_ref().map(Drawn::of).ok_or_else(none)
        }
        PictureVerb::Coverage { fund } => {
            fund_gauge(state, state.fund_id(*fund)?, now).map(|it| Drawn::of(&it)).map_err(told)
        }
        PictureVerb::Queue { fund } => {
            exit_queue(state, state.fund_id(*fund)?, now).map(|it| Drawn::of(&it)).map_err(told)
        }
        PictureVerb::Loss { loss } => {
            let waterfall = loss_waterfall(state, *loss, history).map_err(told)?;
            Ok(Drawn::of(&Cascade(&waterfall)))
        }
        PictureVerb::Flow { loss } => {
            loss_flow(state, *loss).map(|it| Drawn::of(&it)).map_err(told)
        }
        PictureVerb::States { loss } => {
            loss_steps(state, *loss).map(|it| Drawn::of(&it)).map_err(told)
        }
        PictureVerb::Exit { ticket } => {
            let open = state.tickets.get(*ticket).is_some_and(|ticket| !ticket.closed);
            let steps = ticket_steps(state, *ticket, now).filter(|_| open);
            let none = || {
                Failure::Input(format!("there is no open {ticket}: `picture queue` has the days"))
            };
            steps.as_ref().map(Drawn::of).ok_or_else(none)
        }
    }
}

fn told(error: ExportError) -> Failure {
    match error {
        ExportError::Refused(reject) => Failure::Rejected(reject),
        ExportError::UnknownLoss(_) => Failure::Input(format!("{error}: `loss list` has them")),
        other => Failure::machine(&other),
    }
}
