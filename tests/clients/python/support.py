"""What the scripts share."""

import base64
import socket

import ollama

PIXEL_BASE64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PIXEL = base64.b64decode(PIXEL_BASE64)


def refused(call, status_code, words):
    """The call must raise Ollama's own error, with this status and with these words in it."""
    try:
        result = call()
    except ollama.ResponseError as error:
        assert error.status_code == status_code, f"status {error.status_code}: {error.error}"
        assert error.error and words in str(error.error), error.error
    else:
        raise AssertionError(f"not refused: {result}")


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
