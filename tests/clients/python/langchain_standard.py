"""LangChain's own standard tests, for its packages for Ollama and for OpenAI; pytest runs them.

Most of it is answered by SmolLM2 (135 million parameters). Where a test needs a call that nothing forces, or a joke in two named fields without a
schema, the model of ANSWERED_BY answers, whose lines are written: that is a question of wit, and not of the server.
"""

import os

import pytest
from langchain_ollama import ChatOllama, OllamaEmbeddings
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langchain_tests.integration_tests import ChatModelIntegrationTests, EmbeddingsIntegrationTests

URL = os.environ["OLLAMA_HOST"]
OPENAI = {"base_url": f"{URL}/v1", "api_key": "none"}

SKIPPED = {
    "test_image_inputs": "no model here sees",
    "test_image_tool_message": "no model here sees",
    "test_pdf_inputs": "a PDF is refused by name",
    "test_pdf_tool_message": "a PDF is refused by name",
    "test_audio_inputs": "no model here hears",
    "test_anthropic_inputs": "it sends a picture",
    "test_stream_time": "it wants recorded answers",
    "test_tool_choice": "LangChain's package for Ollama has none",
}
UNFORCED = {
    "test_tool_calling": "magician",
    "test_tool_calling_async": "magician",
    "test_tool_calling_with_no_arguments": "bare-magician",
    "test_bind_runnables_as_tools": "greeter",
    "test_unicode_tool_call_integration": "registrar",
}
ANSWERED_BY = {"test_agent_loop": "forecaster", "test_json_mode": "joker", "test_structured_output_optional_param": "joker"}
# Tokens: an object or a call must have its end, other answers may be cut.
ROOMY = 96
BRIEF = 24


class Standard(ChatModelIntegrationTests):
    answered_by = ANSWERED_BY
    limit_name = "max_tokens"
    supports_json_mode = True
    supports_model_override = True
    model_override_value = "smol"

    @pytest.fixture
    def model(self, request):
        more = getattr(request, "param", None) or {}
        name = self.answered_by.get(request.function.__name__, "smol-tools")
        limit = ROOMY if any(word in request.function.__name__ for word in ("structured", "tool")) else BRIEF
        params = {**self.standard_chat_model_params, **self.chat_model_params, "model": name, self.limit_name: limit}
        return self.chat_model_class(**{**params, **more})


class TestChatOllama(Standard):
    chat_model_class = ChatOllama
    chat_model_params = {"model": "smol-tools", "base_url": URL, "temperature": 0}
    limit_name = "num_predict"
    has_tool_choice = False
    answered_by = {**ANSWERED_BY, **UNFORCED}


class TestChatOpenAI(Standard):
    chat_model_class = ChatOpenAI
    chat_model_params = {
        "model": "smol-tools",
        **OPENAI,
        "temperature": 0,
        "stream_usage": True,
        "model_kwargs": {"parallel_tool_calls": False},
    }


class TestChatOpenAIResponses(TestChatOpenAI):
    chat_model_params = {**TestChatOpenAI.chat_model_params, "use_responses_api": True}


class TestOllamaEmbeddings(EmbeddingsIntegrationTests):
    embeddings_class = OllamaEmbeddings
    embedding_model_params = {"model": "embedder", "base_url": URL}


class TestOpenAIEmbeddings(EmbeddingsIntegrationTests):
    embeddings_class = OpenAIEmbeddings
    # Left to itself it counts with the vocabulary of OpenAI's models, which it downloads.
    embedding_model_params = {"model": "embedder", **OPENAI, "check_embedding_ctx_length": False}
