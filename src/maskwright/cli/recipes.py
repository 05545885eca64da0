"""``maskwright recipes``: list, show and copy the shipped recipes."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import print_json
from maskwright.printing import print_lines

app = typer.Typer(help="List, show or copy the shipped recipes; print the schema.", rich_markup_mode=None)
Name = Annotated[str, typer.Argument(help="The name of a shipped recipe.", show_default=False)]


@app.callback(invoke_without_command=True)
def list_(context: typer.Context) -> None:
    """List, show or copy the shipped recipes; print the schema."""
    if context.invoked_subcommand is None:
        from maskwright.workflows.recipes import list_recipes

        for recipe in list_recipes():
            print_lines(recipe["name"], f"    {recipe['description']}")


@app.command()
def show(name: Name) -> None:
    """Print a recipe."""
    from maskwright.recipes.loading import recipe_text

    print_lines(*recipe_text(name).splitlines())


@app.command()
def copy(
    name: Name, out: Annotated[Path | None, typer.Option("--out", help="The new file [default: NAME.yaml].")] = None
) -> None:
    """Copy a recipe to a new file, to change and run it."""
    from maskwright.workflows.recipes import copy_recipe

    print_lines(f"recipe: {copy_recipe(name, out)}")


@app.command()
def schema(
    transfer: Annotated[
        bool, typer.Option("--transfer", help="The schema of recipes for `maskwright transfer`.")
    ] = False,
) -> None:
    """Print the JSON schema of recipes, for editors."""
    from maskwright.recipes.schema import Recipe
    from maskwright.recipes.transfer import Transfer

    print_json((Transfer if transfer else Recipe).model_json_schema())
