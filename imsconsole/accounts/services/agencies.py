"""Agencies: a project lets another one, of another region, place images in it."""

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Agency, Project
from imsconsole.core.contention import one_wins


@service("createAgency")
def create_agency(*, grantee: Project, actor: Actor) -> Agency:
    """Let `grantee` place images in the actor's project. Raises Refused."""
    rules.can_create_agency(actor).require()
    rules.is_agency_for(grantee, actor).require()
    agency = Agency(project=actor.project, grantee=grantee, created_by=actor.user)
    with one_wins(lambda: rules.is_agency_for(grantee, actor)):
        agency.save(force_insert=True)
    return agency


@service("deleteAgency")
def revoke_agency(agency: Agency, *, actor: Actor) -> Agency:
    """Take an agency back. What was placed stays; what is on its way does not arrive. Raises Refused."""
    rules.can_revoke_agency(agency, actor).require()
    Agency.objects.filter(pk=agency.pk).delete()
    return agency
