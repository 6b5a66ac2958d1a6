"""What remote-viewer and GNOME Boxes do with libgovirt, told in JSON: govirt.py HOST:PORT CA-FILE VM < login."""
import json
import sys

import gi

gi.require_version("GoVirt", "1.0")
from gi.repository import GoVirt  # noqa: E402

address, ca_file, vm_name = sys.argv[1:]
login = json.load(sys.stdin)


def values(of, *names):
    told = {name: of.get_property(name) for name in names}
    return {name: getattr(value, "value_nick", value) for name, value in told.items()}


def names_of(collection):
    collection.fetch(proxy)
    return sorted(collection.get_resources())


proxy = GoVirt.Proxy.new(address)
proxy.props.ssl_ca_file = ca_file
proxy.props.username = login["name"]
proxy.props.password = login["password"]
told = {}
api = proxy.fetch_api()
told["vms"] = names_of(api.get_vms())
told["hosts"] = names_of(api.get_hosts())
told["clusters"] = names_of(api.get_clusters())
told["data centers"] = names_of(api.get_data_centers())
told["storage domains"] = names_of(api.get_storage_domains())

search = api.search_vms("name=" + vm_name)
told["found"] = names_of(search)
vm = search.lookup_resource(vm_name)
told["vm"] = values(vm, "name", "guid", "state")
vm.start(proxy)
vm.refresh(proxy)
told["started"] = values(vm, "state", "host-id", "cluster-id")
vm.get_ticket(proxy)
display = vm.props.display
told["display"] = values(display, "type", "address", "port", "secure-port", "monitor-count", "ticket", "expiry", "host-subject")
told["ca"] = bytes(display.props.ca_cert or b"").decode()
told["cdroms"] = names_of(vm.get_cdroms())
vm.stop(proxy)
json.dump(told, sys.stdout)
