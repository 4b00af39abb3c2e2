"""Serves the files of a folder as the bucket `genomes` over S3, prints its port, and ends when its input does.

    scripts/python.sh tests/needs/s3_server.py FOLDER
"""

import pathlib
import sys

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
s3 = boto3.client(
    "s3",
    endpoint_url=f"http://127.0.0.1:{port}",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    region_name="us-east-1",
)
s3.create_bucket(Bucket="genomes")
for path in pathlib.Path(sys.argv[1]).iterdir():
    s3.upload_file(str(path), "genomes", path.name)
print(port, flush=True)
sys.stdin.read()
