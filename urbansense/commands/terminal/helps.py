"""The helps of the commands, and the words of the library that prints them, in the language of the locale."""

from typing import Any

from urbansense.configuration.wording import language, sentence, word


def localise(command: Any) -> Any:
    """The command, and every command below it, with its help in the language of the locale."""
    if language() == "en":
        return command
    command.help = word(command.help) if command.help else command.help
    for parameter in command.params:
        for name in ("help", "rich_help_panel"):
            if text := getattr(parameter, name, None):
                setattr(parameter, name, word(text))
    usage, help_option = command.get_usage, command.get_help_option
    command.get_usage = lambda context: sentence(usage(context))
    command.get_help_option = lambda context: _localised_option(help_option(context))
    for below in getattr(command, "commands", {}).values():
        localise(below)
    return command


def localise_library() -> None:
    """Let Typer print the titles of its panels and what is wrong with an argument in the language of the locale."""
    if language() == "en":
        return
    from typer import rich_utils

    panels: Any = rich_utils
    panels.ARGUMENTS_PANEL_TITLE = word("Arguments")
    panels.OPTIONS_PANEL_TITLE = word("Options")
    panels.COMMANDS_PANEL_TITLE = word("Commands")
    panels.ERRORS_PANEL_TITLE = word("Error")
    panels.DEFAULT_STRING = "[默认：{}]"
    panels.REQUIRED_LONG_STRING = "[必填]"
    panels.ABORTED_TEXT = "已中止。"
    panels.RICH_HELP = "用 [blue]'{command_path} {help_option}'[/] 查看帮助。"
    format_error = rich_utils.rich_format_error

    def localised(error: Any) -> None:
        message = sentence(error.format_message())
        error.format_message = lambda: message
        format_error(error)

    panels.rich_format_error = localised


def _localised_option(option: Any) -> Any:
    if option is not None:
        option.help = word(option.help)
    return option
