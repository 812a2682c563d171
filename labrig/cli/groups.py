"""How every group of commands behaves, so that help reads the same everywhere."""

import typer


def command_group(help_text: str, *, epilog: str | None = None) -> typer.Typer:
    """Make a group that prints its help when it is called without a command.

    Help is plain text: the coloured kind imports rich, which takes longer than all else that help needs.
    """
    return typer.Typer(
        help=help_text,
        epilog=epilog,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
