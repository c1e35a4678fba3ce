"""Reads Kubernetes manifests with PyYAML and checks that they fit together.

manifests.py FILE: prints {"kinds": [...], "args": [...], "faults": [...]}.
"""

import sys

import yaml

from peer import record

VERSIONS = {
    "Deployment": "apps/v1", "Service": "v1", "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
}


def check(documents):
    """What is wrong, as text."""
    by_kind = {document["kind"]: document for document in documents}
    for kind, version in VERSIONS.items():
        if by_kind.get(kind, {}).get("apiVersion") != version:
            yield f"{kind} is not {version}"
            return
    deployment, service = by_kind["Deployment"]["spec"], by_kind["Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selectors = {
        "Deployment": deployment["selector"]["matchLabels"], "Service": service["selector"],
        "PodDisruptionBudget": by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    }
    for kind, selector in selectors.items():
        if not selector or not selector.items() <= labels.items():
            yield f"{kind} selects {selector}, the pods have {labels}"
    target = by_kind["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    if (target["kind"], target["name"]) != ("Deployment", by_kind["Deployment"]["metadata"]["name"]):
        yield f"the autoscaler scales {target}"
    pods = [m["pods"]["metric"]["name"] for m in by_kind["HorizontalPodAutoscaler"]["spec"]["metrics"] if "pods" in m]
    if pods != ["eot_queue_wait_recent_seconds"]:
        yield f"the autoscaler looks at {pods}"
    container = deployment["template"]["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    args = container["args"]
    if str(ports["http"]) != args[args.index("--port") + 1]:
        yield f"the port is {ports}, the gateway's {args}"
    if service["ports"][0]["targetPort"] not in ports:
        yield "the service's port is none of the container's"
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    if [probes[name]["path"] for name in probes] != ["/readyz", "/readyz", "/healthz"]:
        yield f"odd probes: {probes}"
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    if mounts != {volume["name"] for volume in deployment["template"]["spec"]["volumes"]}:
        yield "mounts and volumes differ"
    drain = int(args[args.index("--drain") + 1]) + container["lifecycle"]["preStop"]["sleep"]["seconds"]
    if deployment["template"]["spec"]["terminationGracePeriodSeconds"] <= drain:
        yield "pods are killed before they have drained"


with open(sys.argv[1]) as file:
    found = [document for document in yaml.safe_load_all(file) if document]
deployments = [document for document in found if document["kind"] == "Deployment"]
record(kinds=sorted(document["kind"] for document in found), faults=list(check(found)),
       args=deployments[0]["spec"]["template"]["spec"]["containers"][0]["args"])
