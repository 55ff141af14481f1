#!/usr/bin/env python3
# A protobuf message that is described at run time.
# packages: namespaces
from google.protobuf import descriptor_pb2, json_format, struct_pb2
from google.protobuf.internal import api_implementation

message = struct_pb2.Struct()
message["a"] = 1
print(json_format.MessageToJson(message), api_implementation.Type(), descriptor_pb2.__file__)
