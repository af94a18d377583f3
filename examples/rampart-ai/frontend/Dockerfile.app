# Code alone, on the base by name: rampart looks for it in the environment's registry.
FROM rampart-frontend-base

WORKDIR /app
COPY --chown=1000:1000 server.js ./
COPY --chown=1000:1000 public/ ./public/

ENV PORT=3000 \
    BACKEND_URL=http://backend:8000

USER 1000:1000
EXPOSE 3000

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

CMD ["node", "server.js"]
