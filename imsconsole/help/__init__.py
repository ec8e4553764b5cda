"""Help inside the product: short pages in Markdown, one file per page and language in `imsconsole/templates/help/`.

`{% help "import" %}` shows one beside a wizard; `/help/` lists all of them.
"""
