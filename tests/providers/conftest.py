import pytest
import responses


@pytest.fixture
def edge():
    """The edge of the network: every answer is said there, and every saying is heard."""
    with responses.RequestsMock() as edge:
        yield edge
