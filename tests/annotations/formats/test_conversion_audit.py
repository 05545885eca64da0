from maskwright.annotations.faults import Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit


def test_the_books_balance_whatever_is_entered(account: ConversionAudit):
    account.objects.found, account.objects.used = 5, 5
    account.drop("crowd")
    account.drop("hidden", 0)
    account.skip_object(Fault("bad_line", "line", "1.txt:2", "is bad"))
    account.skip_image(Fault("missing_image", "image", "2.jpg", "is gone"), 3)
    assert account.objects.adds_up
    assert account.to_json()["annotations"]["skipped"] == {"bad_line": 1, "crowd": 1, "missing_image": 3}
    assert account.to_json()["images"]["left_out"] == {"missing_image": 1}


def test_changes_say_whether_masks_stay_exact(account: ConversionAudit):
    account.change("hole_pixels", 7)
    account.change("parts_joined")
    account.change("outlined", 0)
    assert [(c["code"], c["count"], c["exact"]) for c in account.to_json()["changes"]] == [
        ("parts_joined", 1, True),
        ("hole_pixels", 7, False),
    ]
