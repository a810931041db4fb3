"""`bridle environments`: what there is, and whether an environment keeps its contract."""

from __future__ import annotations

import typer

from bridle.cli.console import JSON_OPTION, emit, leave, table


def environments(
    check: str = typer.Option(None, metavar="ID", help="Run the contract suite on this environment."),
    match: str = typer.Option("", help="List only ids that contain this."),
    json: bool = JSON_OPTION,
) -> None:
    """List the environments, or check one, yours too.

    Example:  bridle environments --check my_module:MyEnvironment
    """
    if check is not None:
        _check(check, json)
    from bridle.environments.catalog import listing

    entries = [entry for entry in listing() if match in entry.id]
    if json:
        emit({"environments": [{"id": e.id, "players": e.players, "contract": e.contract} for e in entries]})
        return
    table("", ["id", "players", "contract"], [[e.id, str(e.players), e.contract] for e in entries])


def _check(identifier: str, json: bool) -> None:
    """Run the contract suite; exit 0 when nothing was found, else 1."""
    from bridle.environments.catalog import resolve
    from bridle.testing.environment import check_environment

    found = check_environment(resolve(identifier))
    findings = [str(finding) for finding in found.findings]
    probed = f"{found.probed_legal} legal and {found.probed_illegal} illegal actions probed"
    able = ", ".join(found.capabilities) or "none"
    done = f"{found.episodes} episodes, {found.steps} steps, {probed}; capabilities: {able}"
    if json:
        emit(
            {
                "environment": identifier,
                "findings": findings,
                "episodes": found.episodes,
                "steps": found.steps,
                "probed": {"legal": found.probed_legal, "illegal": found.probed_illegal},
                "capabilities": list(found.capabilities),
            }
        )
    elif findings:
        table(f"{identifier} breaks the contract", ["finding"], [[finding] for finding in findings])
        print(done)
    else:
        print(f"{identifier} keeps the contract of an environment: {done}.")
    leave(1 if findings else 0)
