"""PyPI's `ollama`, its asynchronous client: every method."""

import asyncio
import os
from typing import Literal

from ollama import AsyncClient, ResponseError
from pydantic import BaseModel
from support import PIXEL, closed_port

LIBRARY = os.environ["TEST_LIBRARY"]
GGUF = os.environ["TEST_GGUF"]
GREEDY = {"temperature": 0, "num_predict": 12}
HELLO = [{"role": "user", "content": "Say hello."}]


class Mood(BaseModel):
    mood: Literal["good", "bad"]
    loud: bool


def add_two_numbers(a: int, b: int) -> int:
    """
    Add two numbers

    Args:
        a (int): The first
        b (int): The second
    """
    return a + b


async def refused(call, status_code, words):
    try:
        result = await call
    except ResponseError as error:
        assert error.status_code == status_code, f"status {error.status_code}: {error.error}"
        assert error.error and words in str(error.error), error.error
    else:
        raise AssertionError(f"not refused: {result}")


async def collect(stream):
    return [part async for part in await stream]


async def it_chats_and_streams():
    async with AsyncClient() as client:
        whole = await client.chat(model="smol", messages=HELLO, options=GREEDY)
        parts = await collect(client.chat(model="smol", messages=HELLO, options=GREEDY, stream=True))
        assert whole.message.content and "".join(part.message.content for part in parts) == whole.message.content
        generated = await client.generate(model="smol", prompt="Hi", options=GREEDY)
        parts = await collect(client.generate(model="smol", prompt="Hi", options=GREEDY, stream=True))
        assert "".join(part.response for part in parts) == generated.response and parts[-1].done


async def it_talks_to_several_at_once():
    async with AsyncClient() as client:
        asked = [client.chat(model="thinker", messages=HELLO, think=think) for think in (True, False, True, False)]
        replies = await asyncio.gather(*asked)
        assert [reply.message.content for reply in replies] == ["It is forty-two.", "Forty-two"] * 2


async def it_takes_python_functions_as_tools():
    async with AsyncClient() as client:
        # The model calls what it knows, not what is offered: a name that is no tool's is no call.
        reply = await client.chat(model="caller", messages=HELLO, tools=[add_two_numbers])
        assert reply.message.tool_calls is None
        tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
        reply = await client.chat(model="caller", messages=HELLO, tools=[add_two_numbers, tool])
        assert [call.function.name for call in reply.message.tool_calls] == ["get_weather"]


async def it_fills_a_pydantic_model():
    async with AsyncClient() as client:
        options = {"temperature": 0, "num_predict": 60}
        reply = await client.chat(model="smol", messages=HELLO, format=Mood.model_json_schema(), options=options)
        Mood.model_validate_json(reply.message.content)


async def it_ends_a_stream_that_is_left_or_cancelled():
    async with AsyncClient() as client:
        long = {"model": "smol", "prompt": "Count:", "raw": True, "options": {"num_predict": 4000}, "stream": True}
        stream = await client.generate(**long)
        async for part in stream:
            break
        await stream.aclose()
        assert not part.done
        began = asyncio.Event()

        async def read():
            async for _ in await client.generate(**long):
                began.set()

        reading = asyncio.create_task(read())
        await began.wait()
        reading.cancel()
        assert isinstance((await asyncio.gather(reading, return_exceptions=True))[0], asyncio.CancelledError)
        assert (await client.generate(model="smol", prompt="Hi", options={"num_predict": 1})).done


async def it_creates_shows_lists_copies_and_deletes_models():
    async with AsyncClient() as client:
        digest = await client.create_blob(GGUF)
        statuses = [part.status for part in await collect(client.create(model="apy", files={"m.gguf": digest}, stream=True))]
        assert statuses[-1] == "success"
        assert (await client.create(model="apy-of", from_="apy", system="Be brief.")).status == "success"
        assert "SYSTEM Be brief." in (await client.show("apy-of")).modelfile
        assert (await client.copy("apy-of", "apy-copy")).status == "success"
        assert {"apy:latest", "apy-of:latest", "apy-copy:latest"} <= {model.model for model in (await client.list()).models}
        for name in ("apy", "apy-of", "apy-copy"):
            assert (await client.delete(name)).status == "success"


async def it_embeds_and_lists_what_is_loaded():
    async with AsyncClient() as client:
        assert [len(vector) for vector in (await client.embed(model="embedder", input=["a", "b"])).embeddings] == [64, 64]
        assert len((await client.embeddings(model="embedder", prompt="a")).embedding) == 64
        assert "embedder:latest" in [model.name for model in (await client.ps()).models]


async def it_pulls_and_pushes():
    async with AsyncClient() as client:
        parts = await collect(client.pull(LIBRARY, insecure=True, stream=True))
        assert parts[-1].status == "success"
        assert (await client.pull(LIBRARY, insecure=True)).status == "success"
        nowhere = f"127.0.0.1:{closed_port()}/library/smol"
        await client.copy("smol", nowhere)
        await refused(client.push(nowhere, insecure=True), 500, "127.0.0.1")
        await refused(collect(client.push(nowhere, insecure=True, stream=True)), -1, "127.0.0.1")
        await client.delete(nowhere)


async def it_raises_response_errors():
    async with AsyncClient() as client:
        await refused(client.chat(model="absent", messages=HELLO), 404, "model 'absent' not found")
        await refused(collect(client.chat(model="absent", messages=HELLO, stream=True)), 404, "model 'absent' not found")
        await refused(client.chat(model="smol", messages=[{**HELLO[0], "images": [PIXEL]}]), 400, "multimodal")
        await refused(client.delete("absent"), 404, "not found")
        # A path of OpenAI's, so the error is an object as OpenAI writes it.
        question = {"type": "noul", "instructions": "Is it true?"}
        await refused(client.systemone(model="smol", state="x", questions={"q": question}), 404, "/v1/systemone")
