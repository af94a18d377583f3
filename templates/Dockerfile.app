# Code alone, on the base by name: rampart looks for it in the environment's registry and needs no Docker engine for it.
FROM {{base}}

{{workdir}}

# Owners are given here and never changed later: a `chown -R` would copy what it touches into this layer.
{{copies}}

{{environment}}

USER {{user}}
{{expose}}

{{healthcheck}}

{{command}}
