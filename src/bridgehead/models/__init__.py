"""Models answer behind one port: a turn goes in, and a checked reply or a classified failure comes out."""

from bridgehead.models.openai_compatible import OpenAICompatible, Timeouts
from bridgehead.models.port import (
    Chunk,
    Message,
    ModelClient,
    OfferedTool,
    Reply,
    ToolCall,
    Turn,
    Usage,
)
from bridgehead.models.scripted import ScriptedModel
from bridgehead.models.scripted_server import Asked, Fault, ScriptedServer
from bridgehead.models.secret import SecretReference

__all__ = [
    "Asked",
    "Chunk",
    "Fault",
    "Message",
    "ModelClient",
    "OfferedTool",
    "OpenAICompatible",
    "Reply",
    "ScriptedModel",
    "ScriptedServer",
    "SecretReference",
    "Timeouts",
    "ToolCall",
    "Turn",
    "Usage",
]
