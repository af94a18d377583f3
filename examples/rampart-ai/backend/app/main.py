"""The HTTP face: two health checks and one route that uses both models."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict

from fastapi import APIRouter, FastAPI, HTTPException, Response
from pydantic import BaseModel, Field

from app import settings
from app.detectors import Detectors, load_detectors
from app.loading import Loading


class InspectRequest(BaseModel):
    text: str = Field(min_length=1, max_length=settings.MAX_TEXT)


def create_app(load: Callable[[], Detectors] = load_detectors) -> FastAPI:
    """The app, with whatever loads its models; they are loaded when it starts, not when it is imported."""
    loading = Loading(load)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loading.start()
        yield

    routes = APIRouter(prefix="/api/v1")

    @routes.get("/health")
    def live(response: Response) -> dict[str, str]:
        # A process whose models failed will never serve: saying 200 would keep it in the fleet.
        if loading.status == "failed":
            response.status_code = 503
        return {"status": loading.status}

    @routes.get("/health/ready")
    def ready(response: Response) -> dict[str, str]:
        if loading.status != "ready":
            response.status_code = 503
        return {"status": loading.status}

    @routes.post("/inspect")
    def inspect(request: InspectRequest) -> dict[str, object]:
        detectors = loading.value
        if detectors is None:
            raise HTTPException(503, f"The models are not there: {loading.status}")
        score = detectors.injection_score(request.text)
        return {
            "injection": {"score": score, "suspected": score >= 0.5},
            "personal_data": [asdict(finding) for finding in detectors.personal_data(request.text)],
        }

    app = FastAPI(title="rampart-ai", lifespan=lifespan)
    app.include_router(routes)
    app.state.loading = loading
    return app


logging.basicConfig(level=settings.log_level(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
app = create_app()
